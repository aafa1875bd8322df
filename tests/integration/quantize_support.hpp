#pragma once

#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "record/hdf5.hpp"

/// What `laq quantize` reads and writes, and the table of codes (docs/mathematics.md) to check it
/// with.
namespace laq::integration {

/// A level set of docs/mathematics.md.
enum class Codes { binary, ternary, linear, log, dorefa };

/// The level of a code, before scaling; nothing when there is no such code.
std::optional<double> level(Codes codes, int bits, std::int64_t code);

/// Random weights, a third of them small, and curvatures over several decades.
std::vector<double> random_weights(std::mt19937& random, std::size_t n);
std::vector<double> random_curvatures(std::mt19937& random, std::size_t n);

/// The output file.
struct Quantized {
  record::Array<float> quantized;
  record::Array<std::int64_t> codes;
  record::Array<double> scales;
  double objective = 0;
  record::Content quantized_type, codes_type, scales_type;
};
Quantized read_quantized(const std::filesystem::path& file);

/// What was quantized, as it is in the file.
struct Problem {
  std::vector<double> weights, curvature;  ///< no curvature: uniform
  record::Shape shape;
  std::size_t groups = 1;
};

/// Checks types and shapes, that every code is of the level set, that `quantized` and `objective`
/// are those of codes and scales.
void check_quantized(const Quantized& result, const Problem& problem, Codes codes, int bits,
                     std::size_t scales);

/// Equation (1) of the codes with these scales (per group [α] or [α, β]).
double objective(const Problem& problem, Codes codes, int bits,
                 const std::vector<std::int64_t>& values, const std::vector<double>& scales);

}  // namespace laq::integration
