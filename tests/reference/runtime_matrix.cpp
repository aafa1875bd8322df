#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>

#include "runtime/matrix.hpp"

using namespace laq::runtime;

namespace {

enum class Scaling { tensor, row, row_by_sign, blocks_by_sign, list_for_each_row };

// Codes, levels and scales that were drawn, as a file has them.
struct Drawn {
  std::vector<std::uint8_t> bytes;
  Packed packed;

  Drawn(std::size_t rows, std::size_t columns, std::size_t levels, Scaling scaling,
        std::mt19937& random) {
    packed.rows = rows;
    packed.columns = columns;
    packed.level_count = levels;
    packed.bits = 1;
    while ((std::size_t{1} << packed.bits) < levels) ++packed.bits;
    const bool by_sign = scaling == Scaling::row_by_sign || scaling == Scaling::blocks_by_sign;
    packed.groups = scaling == Scaling::tensor           ? 1
                    : scaling == Scaling::blocks_by_sign ? (rows % 2 == 0 ? 2 : 1)
                                                         : rows;
    packed.scale_count = scaling == Scaling::list_for_each_row ? 0 : by_sign ? 2 : 1;
    bytes.resize(rows * packed.row_bytes());
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t i = 0; i < columns; ++i) {
        const std::size_t code = random() % levels;
        for (std::size_t b = 0; b < packed.bits; ++b) {
          const std::size_t bit = i * packed.bits + b;
          if (code >> b & 1)
            bytes[r * packed.row_bytes() + bit / 8] |= static_cast<std::uint8_t>(1u << bit % 8);
        }
      }
    }
    packed.codes = bytes;
    const std::size_t lists = scaling == Scaling::list_for_each_row ? rows : 1;
    for (std::size_t g = 0; g < lists; ++g) {
      for (std::size_t j = 0; j < levels; ++j)
        packed.levels.push_back(
            (2.0 * static_cast<double>(j) / static_cast<double>(levels - 1) - 1) *
            static_cast<double>(1 + g % 3));
    }
    for (std::size_t s = 0; s < packed.groups * packed.scale_count; ++s)
      packed.scales.push_back(0.5 + static_cast<double>(random() % 100) / 100);
  }
};

}  // namespace

TEST_CASE("packed matrices multiply as their unpacked weights do, with every set of kernels") {
  const std::string name = GENERATE("portable", "AVX2", "AVX-512");
  const std::string best = kernels().name;
  if (!choose_kernels(name.c_str())) {
    WARN("this processor has no " << name);
    return;
  }
  std::mt19937 random(1);
  Pool pool(2);
  for (const std::size_t levels : {2, 3, 4, 5, 7, 8, 15, 16, 31, 63, 127, 255}) {
    for (const std::size_t columns : {1, 31, 100}) {
      for (const std::size_t rows : {6, 10, 100}) {
        for (const auto scaling : {Scaling::tensor, Scaling::row, Scaling::row_by_sign,
                                   Scaling::blocks_by_sign, Scaling::list_for_each_row}) {
          if (scaling == Scaling::list_for_each_row && levels > 8) continue;  // slow, and the same
          const Drawn drawn(rows, columns, levels, scaling, random);
          Budget budget(std::size_t{1} << 28);
          const auto matrix = packed_matrix(drawn.packed, {}, "w", budget);
          std::vector<float> x(matrix->padded_columns()), y(rows), column(rows), row(columns);
          for (std::size_t i = 0; i < columns; ++i)
            x[i] = static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 1000;
          Scratch scratch(matrix->scratch());
          matrix->multiply(x.data(), y.data(), scratch, pool);
          const std::size_t chosen = random() % columns;
          matrix->column(chosen, column.data());
          double worst = 0;
          bool columns_right = true;
          for (std::size_t r = 0; r < rows; ++r) {
            unpack_row(drawn.packed, r, row.data());
            double sum = 0, size = 1e-3;
            for (std::size_t i = 0; i < columns; ++i) {
              const double term = static_cast<double>(row[i]) * static_cast<double>(x[i]);
              sum += term;
              size += std::abs(term);
            }
            worst = std::max(worst, std::abs(static_cast<double>(y[r]) - sum) / size);
            columns_right = columns_right && std::abs(row[chosen] - column[r]) < 1e-6f;
          }
          INFO(name << ", " << levels << " levels, " << rows << " x " << columns << ", scaling "
                    << static_cast<int>(scaling));
          REQUIRE(worst < 4e-6);  // a few dozen epsilon of the terms' size
          REQUIRE(columns_right);
          std::vector<float> panel(matrix->panel_floats());
          bool panels_right = true;
          for (std::size_t r = 0; r < rows; ++r) {
            const float* values = matrix->panel(r / kLanes, panel.data());
            unpack_row(drawn.packed, r, row.data());
            for (std::size_t i = 0; i < columns; ++i)
              panels_right =
                  panels_right && std::abs(values[i * kLanes + r % kLanes] - row[i]) < 1e-6f;
          }
          REQUIRE(panels_right);
        }
      }
    }
  }
  choose_kernels(best.c_str());
}

TEST_CASE("a symmetric matrix is that of its upper triangle") {
  for (const std::size_t size : {1u, 15u, 16u, 17u, 50u}) {
    INFO(size);
    std::vector<float> triangle(size * (size + 1) / 2);
    for (std::size_t i = 0; i < triangle.size(); ++i) triangle[i] = static_cast<float>(i + 1);
    // At an address that is not a float's.
    std::vector<std::uint8_t> bytes(1 + triangle.size() * sizeof(float));
    std::memcpy(bytes.data() + 1, triangle.data(), bytes.size() - 1);
    Budget budget(bytes.size());
    const auto matrix = symmetric_matrix(std::span(bytes).subspan(1), size, budget);
    std::vector<float> column(size);
    std::size_t at = 0;
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t j = i; j < size; ++j, ++at) {
        matrix->column(j, column.data());
        REQUIRE(column[i] == triangle[at]);
        matrix->column(i, column.data());
        REQUIRE(column[j] == triangle[at]);
      }
    }
    // Rows beyond the last are zero.
    const float* last = matrix->panel(matrix->panels() - 1, nullptr);
    for (std::size_t r = size; r < matrix->panels() * kLanes; ++r) {
      for (std::size_t i = 0; i < size; ++i) REQUIRE(last[i * kLanes + r % kLanes] == 0);
    }
  }
}

TEST_CASE("tiles, gates and functions agree with double precision, with every set of kernels") {
  const std::string name = GENERATE("portable", "AVX2", "AVX-512");
  const Kernels* found = kernels_named(name.c_str());
  if (!found) return;
  std::mt19937 random(2);
  const auto draw = [&](std::size_t count, float most) {
    std::vector<float> values(count);
    for (float& value : values) value = most * (static_cast<float>(random() % 20001) / 10000 - 1);
    return values;
  };
  constexpr std::size_t kLength = 7, kSegments = 3, kStride = 11;
  const auto weights = draw(2 * kLength * kSegments * kLanes, 1);
  const auto x = draw(kPositions * 40, 1);
  for (const std::size_t positions : {1, 2, 4, 8}) {
    for (const std::size_t panels : {1, 2}) {
      const float* from[kPositions];
      for (std::size_t p = 0; p < kPositions; ++p) from[p] = x.data() + p * 40;
      std::vector<float> out(positions * panels * kLanes);
      found->tile(from, positions, kSegments, kLength, kStride, weights.data(), panels,
                  kLength * kSegments * kLanes, out.data());
      for (std::size_t p = 0; p < positions; ++p) {
        for (std::size_t l = 0; l < panels * kLanes; ++l) {
          double sum = 0;
          for (std::size_t s = 0; s < kSegments; ++s) {
            for (std::size_t i = 0; i < kLength; ++i) {
              const std::size_t at = ((l / kLanes * kSegments + s) * kLength + i) * kLanes;
              sum += static_cast<double>(from[p][s * kStride + i]) *
                     static_cast<double>(weights[at + l % kLanes]);
            }
          }
          REQUIRE(out[p * panels * kLanes + l] == Approx(sum).margin(3e-6));
        }
      }
    }
  }
  const std::size_t units = 37;
  const auto gates = draw(4 * units, 12);
  auto cell = draw(units, 2);
  const auto before = cell;
  std::vector<float> hidden(units);
  found->lstm_gates(gates.data(), units, cell.data(), hidden.data());
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  for (std::size_t i = 0; i < units; ++i) {
    const auto gate = [&](std::size_t k) { return static_cast<double>(gates[k * units + i]); };
    const double next =
        sigmoid(gate(1)) * static_cast<double>(before[i]) + sigmoid(gate(0)) * std::tanh(gate(2));
    CHECK(cell[i] == Approx(next).margin(1e-6));
    CHECK(hidden[i] == Approx(sigmoid(gate(3)) * std::tanh(next)).margin(1e-6));
  }
  for (const float extreme : {-1000.0f, -90.0f, -1e-4f, 0.0f, 1e-4f, 90.0f, 1000.0f}) {
    float value = extreme;
    found->tanh(&value, 1);
    CHECK(value == Approx(std::tanh(static_cast<double>(extreme))).margin(2e-7));
  }
}
