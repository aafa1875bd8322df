#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "core/error.hpp"
#include "core/machine.hpp"
#include "experiments/commands.hpp"
#include "experiments/output.hpp"
#include "quant/quantizer.hpp"
#include "record/hdf5.hpp"
#include "train/experiment.hpp"

namespace laq {
namespace {

struct QuantizeOptions {
  std::string method, weights, curvature, previous, group, out;
  std::vector<std::string> words;
};

quant::Quantization read_quantizer(const QuantizeOptions& options, const Context& context) {
  config::Tree method = train::load_named(context.configs, "methods", options.method);
  for (const auto& word : options.words) {
    const config::Override change = config::parse_override(word);
    if (!change.key.starts_with("quantizer.")) {
      throw usage_error({.what = "only quantizer keys mean something here",
                         .where = "command line",
                         .found = "'" + change.key + "'",
                         .expected = "quantizer.KEY=VALUE"});
    }
    method.at(change.key) = change.value;
  }
  if (!options.group.empty()) method.at("quantizer.group") = config::Tree{options.group, "--group"};
  config::Reader section(method.find("quantizer"), "quantizer");
  quant::Quantization quantizer = quant::make_quantizer(section);
  section.finish();
  if (!quantizer.method) {
    throw usage_error({.what = "method '" + options.method + "' does not quantize",
                       .where = "--method",
                       .advice = "choose another method"});
  }
  return quantizer;
}

template <typename T>
record::Array<T> read_array(const std::string& address, const record::Shape* like) {
  const record::DatasetAddress at = record::parse_address(address);
  record::Array<T> array = record::Hdf5Reader(at.file).read<T>(at.path, {.most = 4});
  const auto text = [](const record::Shape& shape) {
    return fmt::format("[{}]", fmt::join(shape, " x "));
  };
  if (like && array.shape != *like) {
    throw Error({.what = "the shape is not that of the weights",
                 .where = address,
                 .found = text(array.shape),
                 .expected = text(*like)});
  }
  if (array.values.empty())
    throw Error({.what = "there are no values", .where = address, .found = text(array.shape)});
  return array;
}

void require_starts_from_codes(const QuantizeOptions& options, const quant::Quantizer& method) {
  const float one = 1;
  const quant::Group group{{&one, 1}, {}, {&one, 1}, std::vector<double>(2, 1.0)};
  if (!method.needs(group).previous) {
    throw usage_error({.what = "method '" + options.method + "' does not start from codes",
                       .where = "--previous",
                       .expected = "a method whose solver is alternating",
                       .advice = "leave the option out"});
  }
}

// The given codes as ŵ with scale 1: what the alternating solver starts from.
std::vector<float> start_from(const quant::Quantizer& method,
                              const record::Array<std::int64_t>& codes,
                              const std::string& address) {
  std::vector<float> start;
  for (std::size_t i = 0; i < codes.values.size(); ++i) {
    const auto code = static_cast<int>(codes.values[i]);
    const auto level = code == codes.values[i] ? method.level(code) : std::nullopt;
    if (!level) {
      throw Error({.what = fmt::format("code {} is not one of this method's", i),
                   .where = address,
                   .found = std::to_string(codes.values[i])});
    }
    start.push_back(static_cast<float>(*level));
  }
  return start;
}

struct Output {
  std::vector<float> quantized;
  std::vector<int> codes;
  std::vector<double> scales;
  double objective = 0;  // equation (1) from codes and scales
  std::size_t groups = 1;
  int most_rounds = 0;
  bool converged = true;
};

struct Input {
  record::Array<double> weights;
  std::vector<double> curvature;  // empty: uniform
  std::vector<float> previous;    // empty: none
};

Input read_input(const QuantizeOptions& options, const quant::Quantizer& method) {
  Input input{read_array<double>(options.weights, nullptr), {}, {}};
  const record::Shape& shape = input.weights.shape;
  if (!options.curvature.empty()) {
    input.curvature = read_array<double>(options.curvature, &shape).values;
  }
  if (!options.previous.empty()) {
    input.previous =
        start_from(method, read_array<std::int64_t>(options.previous, &shape), options.previous);
  }
  return input;
}

// As float32, in which the solvers work.
std::vector<float> narrow(const std::vector<double>& values, const std::string& what,
                          const std::string& address) {
  std::vector<float> narrowed(values.begin(), values.end());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool lost = std::isfinite(values[i]) && !std::isfinite(narrowed[i]);
    if (lost) {
      throw Error({.what = fmt::format("{} {} is not within float32's range", what, i),
                   .where = address,
                   .found = fmt::format("{}", values[i]),
                   .advice = "rescale the values"});
    }
  }
  return narrowed;
}

void require_usable(const quant::Group& group, const std::string& address) {
  try {
    quant::require_usable(group);
  } catch (const Error& error) {
    throw Error({.what = error.what(), .where = address}, error.kind());
  }
}

// Replacing a file that was read would lose what is in it.
void require_other_file(const QuantizeOptions& options) {
  for (const auto& address : {options.weights, options.curvature, options.previous}) {
    if (!address.empty())
      require_other_than(options.out, record::parse_address(address).file, "an input");
  }
}

// Equation (1) from codes and scales, on the weights as they were given.
double objective(const Input& input, const quant::Codebook& step, std::span<const int> codes,
                 std::size_t begin) {
  const int lowest = step.codes.front();
  std::vector<double> value(static_cast<std::size_t>(step.codes.back() - lowest + 1));
  for (std::size_t j = 0; j < step.codes.size(); ++j) {
    value[static_cast<std::size_t>(step.codes[j] - lowest)] = step.values[j];
  }
  double sum = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const double d = input.curvature.empty() ? 1.0 : input.curvature[begin + i];
    const double error =
        input.weights.values[begin + i] - value[static_cast<std::size_t>(codes[i] - lowest)];
    sum += d * error * error;
  }
  return sum;
}

Output quantize(const QuantizeOptions& options, const quant::Quantization& quantizer,
                const Input& input) {
  const std::vector<float> weights = narrow(input.weights.values, "weight", options.weights);
  const std::vector<float> curvature = narrow(input.curvature, "curvature", options.curvature);
  require_usable({weights, {}, {}, {}}, options.weights);
  require_usable({{}, curvature, {}, {}}, options.curvature);
  const quant::Quantizer& method = *quantizer.method;
  const record::Shape& shape = input.weights.shape;
  const std::size_t n = weights.size();
  Output out{std::vector<float>(n), std::vector<int>(n), {}, 0, 1, 0, true};
  if (quantizer.group == quant::Grouping::row) out.groups = shape.size() > 1 ? shape[0] : 1;
  const std::size_t size = n / out.groups;
  for (std::size_t begin = 0; begin < n; begin += size) {
    const auto part = [&](const std::vector<float>& all) {
      return all.empty() ? std::span<const float>() : std::span(all).subspan(begin, size);
    };
    quant::Group group{part(weights), part(curvature), part(input.previous), {}};
    group.progress = 1;  // methods that anneal: as at the end
    if (!input.previous.empty())
      group.scales.assign(static_cast<std::size_t>(method.scale_count()), 1.0);
    const quant::Codebook step = quant::fit(method, group);
    quant::apply(step, group.latent, std::span(out.quantized).subspan(begin, size));
    quant::encode(step, group.latent, std::span(out.codes).subspan(begin, size));
    out.scales.insert(out.scales.end(), step.scales.begin(), step.scales.end());
    out.objective += objective(input, step, std::span(out.codes).subspan(begin, size), begin);
    out.most_rounds = std::max(out.most_rounds, step.rounds);
    out.converged = out.converged && step.converged;
  }
  return out;
}

void go(const QuantizeOptions& options, const Context& context) {
  const quant::Quantization quantizer = read_quantizer(options, context);
  if (!options.previous.empty()) require_starts_from_codes(options, *quantizer.method);
  require_a_path(options.out, "HDF5");
  require_other_file(options);
  const Input input = read_input(options, *quantizer.method);
  const Output out = quantize(options, quantizer, input);
  const record::Shape& shape = input.weights.shape;
  record::write_hdf5(options.out, [&](record::Hdf5Writer& file) {
    file.write<float>("/quantized", out.quantized, shape);
    file.write<std::int32_t>("/codes", out.codes, shape);
    file.write<double>("/scales", out.scales, {out.groups, out.scales.size() / out.groups});
    file.real("/", "objective", out.objective);
    file.text("/", "method", options.method);
    file.integer("/", "rounds", out.most_rounds);
    file.integer("/", "converged", out.converged ? 1 : 0);
  });
  fmt::print("{} weights, {} group(s), objective {:.9g}, written to {}\n", out.quantized.size(),
             out.groups, out.objective, options.out);
  if (!out.converged) {
    fmt::print("the alternating solver stopped after {} rounds without meeting its tolerance\n",
               out.most_rounds);
  }
}

}  // namespace

void add_quantize_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<QuantizeOptions>();
  CLI::App* command =
      app.add_subcommand("quantize", "Quantize given weights (1-D to 4-D, floating point)");
  command->add_option("--method", options->method, "Name below configs/methods, or a YAML file")
      ->required();
  command->add_option("--weights", options->weights, "F.h5:/path of the latent weights w")
      ->required();
  command->add_option("--curvature", options->curvature, "F.h5:/path of d > 0 (otherwise uniform)");
  command->add_option("--previous", options->previous,
                      "F.h5:/path of codes to start the alternating solver from");
  command->add_option(
      "--group", options->group,
      "Which weights share their scales: of the tensor, or of each row (each filter of a "
      "convolution: the first dimension)");
  command->add_option("--out", options->out, "HDF5 file to write")->required();
  command->add_option("OVERRIDES", options->words, "key=value, for example quantizer.bits=4");
  command->callback([options, &context] { go(*options, context); });
}

}  // namespace laq
