#include <algorithm>

#include "runtime/matrix.hpp"

namespace laq::runtime {
namespace {

constexpr std::size_t kMostBits = 8;

// Eight codes take as many bytes as a code has bits.
template <std::size_t Bits>
void codes_of_bytes(const std::uint8_t* bytes, std::size_t size, std::size_t count,
                    std::uint8_t* out) {
  constexpr std::uint64_t kMask = (1u << Bits) - 1;
  const std::uint8_t* const end = bytes + size;
  while (count > 0) {
    std::uint64_t word = 0;
    for (std::size_t b = 0; b < Bits && bytes + b < end; ++b)
      word |= std::uint64_t{bytes[b]} << (8 * b);
    const std::size_t here = std::min<std::size_t>(8, count);
    if (here == 8) {
      for (std::size_t i = 0; i < 8; ++i)
        out[i] = static_cast<std::uint8_t>(word >> (Bits * i) & kMask);
    } else {
      for (std::size_t i = 0; i < here; ++i)
        out[i] = static_cast<std::uint8_t>(word >> (Bits * i) & kMask);
    }
    bytes += Bits;
    out += here;
    count -= here;
  }
}

void codes_of_row(const Packed& packed, std::size_t row, std::uint8_t* out) {
  using Unpack = void (*)(const std::uint8_t*, std::size_t, std::size_t, std::uint8_t*);
  static constexpr Unpack kUnpack[kMostBits] = {
      codes_of_bytes<1>, codes_of_bytes<2>, codes_of_bytes<3>, codes_of_bytes<4>,
      codes_of_bytes<5>, codes_of_bytes<6>, codes_of_bytes<7>, codes_of_bytes<8>};
  kUnpack[packed.bits - 1](packed.codes.data() + row * packed.row_bytes(), packed.row_bytes(),
                           packed.columns, out);
}

void require_levels(const Packed& packed, const std::vector<std::uint8_t>& codes,
                    const std::string& name) {
  if (packed.level_count >> packed.bits) return;  // every code has one
  std::uint8_t most = 0;
  for (const std::uint8_t code : codes) most = std::max(most, code);
  if (most >= packed.level_count)
    throw Failure("weight " + quoted(name) + " has the code " + std::to_string(most) +
                  ", there are levels for " + std::to_string(packed.level_count));
}

/// W = Σ over terms of diag(scale) · U, where U has the term's levels: one term, or two with a
/// scale for each sign of every row, or one for each level.
struct Term {
  std::vector<float> digits;  // for the kernels
  std::vector<float> scales;  // of rows
};

/// Rows that have their terms in common.
struct Part {
  std::size_t first_row = 0, rows = 0, first_panel = 0;
  std::vector<Term> terms;

  std::size_t panels() const { return (rows + kLanes - 1) / kLanes; }
};

// Value of each digit of a field's index.
std::vector<float> digits_of(const CodeLayout& layout, const std::vector<double>& levels) {
  const std::size_t size = std::max<std::size_t>(16, std::size_t{1} << layout.bits);
  std::vector<float> digits(layout.group * size);
  std::size_t base = 1;
  for (std::size_t q = 0; q < layout.group; ++q, base *= layout.levels) {
    for (std::size_t i = 0; i < size; ++i)
      digits[q * size + i] = static_cast<float>(levels[i / base % layout.levels]);
  }
  return digits;
}

constexpr std::size_t kFewGroups = 8;

// Whether each group is a part of its own: where the groups fill whole panels, so that row r is in
// panel r / kLanes all the same.
bool by_group(const Packed& packed) {
  return packed.groups == 1 ||
         (packed.groups <= kFewGroups && packed.rows / packed.groups % kLanes == 0);
}

std::vector<Part> parts_of(const Packed& packed, const CodeLayout& layout) {
  const std::size_t rows = packed.rows, group_rows = rows / packed.groups;
  const bool one_table = packed.scale_count <= 1 && !packed.levels_by_group();
  std::vector<Part> parts;
  const auto term = [&](const auto& level, const auto& scale, std::size_t count) {
    std::vector<double> levels(packed.level_count);
    for (std::size_t j = 0; j < levels.size(); ++j) levels[j] = level(j);
    Term made{digits_of(layout, levels), std::vector<float>(count)};
    for (std::size_t r = 0; r < count; ++r) made.scales[r] = static_cast<float>(scale(r));
    return made;
  };
  if (!one_table && by_group(packed)) {  // each with its own values
    std::size_t panel = 0;
    for (std::size_t g = 0; g < packed.groups; ++g) {
      Part part{g * group_rows, group_rows, panel, {}};
      part.terms.push_back(term(
          [&](std::size_t j) {
            const double level = packed.level(g, j);
            return packed.scale(g, level < 0) * level;
          },
          [](std::size_t) { return 1.0; }, group_rows));
      panel += part.panels();
      parts.push_back(std::move(part));
    }
    return parts;
  }
  Part part{0, rows, 0, {}};
  if (packed.levels_by_group()) {
    for (std::size_t only = 0; only < packed.level_count; ++only) {
      part.terms.push_back(term([&](std::size_t j) { return j == only ? 1.0 : 0.0; },
                                [&](std::size_t r) {
                                  const std::size_t group = packed.group_of(r);
                                  const double level = packed.level(group, only);
                                  return packed.scale(group, level < 0) * level;
                                },
                                rows));
    }
  } else if (packed.scale_count == 2) {
    for (const bool negative : {false, true}) {
      part.terms.push_back(term(
          [&](std::size_t j) {
            const double level = packed.level(0, j);
            return (level < 0) == negative ? level : 0.0;
          },
          [&](std::size_t r) { return packed.scale(packed.group_of(r), negative); }, rows));
    }
  } else {
    part.terms.push_back(
        term([&](std::size_t j) { return packed.level(0, j); },
             [&](std::size_t r) { return packed.scale(packed.group_of(r), false); }, rows));
  }
  parts.push_back(std::move(part));
  return parts;
}

class PackedMatrix : public Matrix {
 public:
  PackedMatrix(const Packed& packed, const std::vector<std::uint32_t>& order,
               const std::string& name, Budget& budget)
      : Matrix(packed.rows, packed.columns), layout_(CodeLayout::of(packed.level_count)) {
    const std::size_t per_word = layout_.inputs_of_word();
    word_count_ = (packed.columns + per_word - 1) / per_word;
    const std::size_t terms = packed.levels_by_group() ? packed.level_count : packed.scale_count;
    budget.take(packed.rows, sizeof(float) * (terms + 1), "scales");
    budget.take(by_group(packed) ? packed.groups : terms + 1, sizeof(float) * layout_.group * 256,
                "levels");
    parts_ = parts_of(packed, layout_);
    const std::size_t panels = parts_.back().first_panel + parts_.back().panels();
    budget.take(times(panels, word_count_), kLanes * sizeof(std::uint32_t), "packed weights");
    words_.resize(panels * word_count_ * kLanes);
    std::vector<std::uint8_t> codes(packed.columns), ordered(word_count_ * per_word);
    for (const Part& part : parts_) {
      for (std::size_t r = 0; r < part.rows; ++r) {
        codes_of_row(packed, part.first_row + r, order.empty() ? ordered.data() : codes.data());
        for (std::size_t i = 0; i < order.size(); ++i) ordered[i] = codes[order[i]];
        require_levels(packed, ordered, name);
        std::uint32_t* out =
            words_.data() + (part.first_panel + r / kLanes) * word_count_ * kLanes + r % kLanes;
        pack_row(ordered.data(), out);
      }
    }
  }

  std::size_t padded_columns() const override { return word_count_ * layout_.inputs_of_word(); }
  std::size_t scratch() const override {
    return tables_size() + words_.size() / std::max<std::size_t>(word_count_, 1);
  }
  std::size_t bytes() const override { return words_.size() * sizeof(std::uint32_t); }
  // The last field of the last word may reach beyond the columns.
  std::size_t panel_floats() const override { return 2 * padded_columns() * kLanes; }

  void multiply(const float* x, float* out, Scratch& scratch, Pool& pool) const override {
    float* sums = scratch.data() + tables_size();
    for (const Part& part : parts_) {
      for (std::size_t t = 0; t < part.terms.size(); ++t)
        add_term(part, t, x, out, scratch.data(), sums, pool);
    }
  }

  void column(std::size_t column, float* out) const override {
    const std::size_t word = column / layout_.inputs_of_word(),
                      within = column % layout_.inputs_of_word();
    const std::size_t shift = within / layout_.group * layout_.bits, q = within % layout_.group;
    const std::uint32_t mask = (1u << layout_.bits) - 1;
    for (const Part& part : parts_) {
      for (const Term& term : part.terms) {
        const float* digits = term.digits.data() + q * (term.digits.size() / layout_.group);
        const bool first = &term == part.terms.data();
        for (std::size_t r = 0; r < part.rows; ++r) {
          const std::size_t panel = part.first_panel + r / kLanes;
          const std::uint32_t bits = words_[(panel * word_count_ + word) * kLanes + r % kLanes];
          const float value = term.scales[r] * digits[bits >> shift & mask];
          float& to = out[part.first_row + r];
          to = first ? value : to + value;
        }
      }
    }
  }

  const float* panel(std::size_t panel, float* scratch) const override {
    const auto& part = *std::find_if(parts_.rbegin(), parts_.rend(),
                                     [&](const Part& one) { return one.first_panel <= panel; });
    const std::size_t size = padded_columns() * kLanes, row = (panel - part.first_panel) * kLanes;
    const std::size_t here = std::min(kLanes, part.rows - row);
    for (const Term& term : part.terms) {
      const bool first = &term == part.terms.data();
      float* values = first ? scratch : scratch + size;
      kernels().decode(words_.data() + panel * word_count_ * kLanes, word_count_, layout_,
                       term.digits.data(), values);
      float scales[kLanes] = {};
      std::copy_n(term.scales.data() + row, here, scales);
      for (std::size_t i = 0; i < columns() * kLanes; i += kLanes) {
        for (std::size_t l = 0; l < kLanes; ++l)
          scratch[i + l] = (first ? 0.0f : scratch[i + l]) + scales[l] * values[i + l];
      }
    }
    return scratch;
  }

 private:
  std::size_t tables_size() const {
    return layout_.group > 1 ? word_count_ * layout_.fields * kTable : 0;
  }

  void pack_row(const std::uint8_t* codes, std::uint32_t* out) const {
    switch (layout_.group) {
      case 1:
        return pack_groups<1>(codes, out);
      case 2:
        return pack_groups<2>(codes, out);
      case 3:
        return pack_groups<3>(codes, out);
      default:
        return pack_groups<5>(codes, out);
    }
  }

  template <std::size_t Group>
  void pack_groups(const std::uint8_t* codes, std::uint32_t* out) const {
    const auto levels = static_cast<std::uint32_t>(layout_.levels);
    for (std::size_t w = 0; w < word_count_; ++w, out += kLanes) {
      std::uint32_t word = 0;
      for (std::size_t f = 0; f < layout_.fields; ++f, codes += Group) {
        std::uint32_t index = 0;
        for (std::size_t q = Group; q-- > 0;) index = index * levels + codes[q];
        word |= index << (f * layout_.bits);
      }
      *out = word;
    }
  }

  void add_term(const Part& part, std::size_t index, const float* x, float* out, float* tables,
                float* sums, Pool& pool) const {
    const Term& term = part.terms[index];
    const Kernels& kernel = kernels();
    const std::size_t fields = word_count_ * layout_.fields;
    if (layout_.group > 1)
      kernel.build_tables(x, fields, term.digits.data(), layout_.group, tables);
    pool.run([&](std::size_t thread, std::size_t threads) {
      const std::size_t panels = part.panels(), each = (panels + threads - 1) / threads;
      const std::size_t begin = std::min(panels, thread * each),
                        end = std::min(panels, begin + each);
      const std::uint32_t* words =
          words_.data() + (part.first_panel + begin) * word_count_ * kLanes;
      float* own = sums + begin * kLanes;
      if (layout_.group > 1) {
        kernel.sum_tables(words, word_count_, tables, end - begin, own);
      } else {
        kernel.dot_levels(words, word_count_, layout_.bits, term.digits.data(), x, end - begin,
                          own);
      }
      const std::size_t last = std::min(part.rows, end * kLanes);
      float* to = out + part.first_row;
      for (std::size_t r = begin * kLanes; r < last; ++r)
        to[r] = (index == 0 ? 0.0f : to[r]) + term.scales[r] * sums[r];
    });
  }

  CodeLayout layout_;
  std::size_t word_count_ = 0;
  std::vector<Part> parts_;
  std::vector<std::uint32_t> words_;
};

}  // namespace

Packed read_packed(const TensorFile& file, const std::string& name,
                   const std::vector<std::size_t>& shape, std::size_t bits, Budget& budget) {
  if (bits < 1 || bits > kMostBits)
    throw Failure("weight " + quoted(name) + " has " + std::to_string(bits) +
                  " bits, expected 1 to 8");
  Packed packed{.rows = shape.at(0), .columns = 1, .bits = bits};
  for (std::size_t i = 1; i < shape.size(); ++i) packed.columns = times(packed.columns, shape[i]);
  if (packed.rows == 0 || packed.columns == 0)
    throw Failure("weight " + quoted(name) + " has no values");
  times(packed.columns, bits + 7);
  packed.codes = file.bytes(name + ".codes", {packed.rows, packed.row_bytes()});
  const Tensor* levels = file.find(name + ".levels");
  const Tensor* scales = file.find(name + ".scales");
  if (!levels || levels->shape.empty() || levels->shape.size() > 2 || levels->shape.back() < 2 ||
      levels->shape.back() > (std::size_t{1} << bits))
    throw Failure("weight " + quoted(name) + " has no levels, 2 to " +
                  std::to_string(std::size_t{1} << bits));
  packed.level_count = levels->shape.back();
  if (levels->shape.size() == 2) packed.groups = levels->shape[0];
  if (scales) {
    const bool one_for_all = levels->shape.size() == 1;
    const bool fits = scales->shape.size() == 2 && (scales->shape[1] == 1 || scales->shape[1] == 2);
    if (!fits || (!one_for_all && scales->shape[0] != packed.groups))
      throw Failure("the scales of weight " + quoted(name) + " have the wrong shape");
    packed.groups = scales->shape[0];
    packed.scale_count = scales->shape[1];
    packed.scales = file.reals(name + ".scales", scales->shape, budget);
  }
  if (packed.groups == 0 || packed.groups > packed.rows || packed.rows % packed.groups != 0)
    throw Failure("weight " + quoted(name) + ": " + std::to_string(packed.groups) +
                  " groups do not fit " + std::to_string(packed.rows) + " rows");
  packed.levels = file.reals(name + ".levels", levels->shape, budget);
  return packed;
}

void unpack_row(const Packed& packed, std::size_t row, float* out) {
  std::vector<std::uint8_t> codes(packed.columns);
  codes_of_row(packed, row, codes.data());
  require_levels(packed, codes, "");
  const std::size_t group = packed.group_of(row);
  std::vector<float> values(packed.level_count);
  for (std::size_t j = 0; j < values.size(); ++j) {
    const double level = packed.level(group, j);
    values[j] = static_cast<float>(packed.scale(group, level < 0) * level);
  }
  for (std::size_t i = 0; i < packed.columns; ++i) out[i] = values[codes[i]];
}

std::unique_ptr<Matrix> packed_matrix(const Packed& packed, const std::vector<std::uint32_t>& order,
                                      const std::string& name, Budget& budget) {
  return std::make_unique<PackedMatrix>(packed, order, name, budget);
}

}  // namespace laq::runtime
