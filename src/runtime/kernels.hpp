#pragma once

#include <cstddef>
#include <cstdint>

namespace laq::runtime {

/// Rows that lie side by side in memory and are computed together: a panel.
inline constexpr std::size_t kLanes = 16;
/// Values of a table that a field of several codes points into.
inline constexpr std::size_t kTable = 32;
/// The same as bits.
inline constexpr int kTableBits = 5;
/// Positions that `tile` computes at a time.
inline constexpr std::size_t kPositions = 8;

/// How codes lie in 32-bit words. A word belongs to one row and holds `fields` fields of `bits`
/// bits, lowest first; a field holds the codes of `group` inputs that follow each other, as a
/// number in base `levels`, first input lowest.
struct CodeLayout {
  std::size_t levels = 0, group = 0, bits = 0, fields = 0;

  /// As many inputs to a field as fit into a table: 5 binary weights, 3 ternary ones.
  static CodeLayout of(std::size_t levels);
  std::size_t inputs_of_word() const { return group * fields; }
};

/// The inner loops, compiled for one set of instructions. Words are panels × words × 16 rows.
struct Kernels {
  const char* name;

  /// Tables of all sums that the inputs of a field can give: tables[t][i] = Σ_q x[t·group + q] ·
  /// digits[q][i]; digits: group × 32, the level of digit q of i.
  void (*build_tables)(const float* x, std::size_t count, const float* digits, std::size_t group,
                       float* tables);
  /// sums[row] = Σ over fields of tables[field][index].
  void (*sum_tables)(const std::uint32_t* words, std::size_t word_count, const float* tables,
                     std::size_t panels, float* sums);
  /// Of fields with one code: sums[row] = Σ_i x[i] · levels[code]; levels: 2^bits, at least 16.
  void (*dot_levels)(const std::uint32_t* words, std::size_t word_count, std::size_t bits,
                     const float* levels, const float* x, std::size_t panels, float* sums);
  /// out[i][row] = digits[q][index] of one panel's words, for its inputs i; digits: group × 2^bits,
  /// at least 16 of each.
  void (*decode)(const std::uint32_t* words, std::size_t word_count, const CodeLayout& layout,
                 const float* digits, float* out);
  /// out[position][panel][row] = Σ_s Σ_i x[position][s·stride + i] · weights[panel][s·length +
  /// i][row] for 1, 2, 4 or 8 positions and one panel or two, `panel_stride` floats apart.
  void (*tile)(const float* const* x, std::size_t positions, std::size_t segments,
               std::size_t length, std::size_t stride, const float* weights, std::size_t panels,
               std::size_t panel_stride, float* out);
  /// One step of an LSTM: gates (i, f, g, o; 4 × units) → c ← σ(f) c + σ(i) tanh(g), h = σ(o)
  /// tanh(c).
  void (*lstm_gates)(const float* gates, std::size_t units, float* cell, float* hidden);
  /// One step of a GRU (r, z, n; 3 × units each of input and state): n = tanh(x_n + σ(r) h_n), h ←
  /// (1 − σ(z)) n + σ(z) h.
  void (*gru_gates)(const float* input, const float* state, std::size_t units, float* hidden);
  void (*tanh)(float* values, std::size_t count);
};

/// The best of those that this processor has.
const Kernels& kernels();
/// From now on these, where the processor has them: for tests and measurements.
bool choose_kernels(const char* name);
/// By name: "AVX-512", "AVX2", "portable". Null: not compiled, or not of this processor.
const Kernels* kernels_named(const char* name);

}  // namespace laq::runtime
