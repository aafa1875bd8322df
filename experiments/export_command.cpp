#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "deploy/export.hpp"
#include "experiments/model_commands.hpp"
#include "experiments/output.hpp"
#include "experiments/shared_options.hpp"

namespace laq {
namespace {

struct Options {
  std::string run, out, epoch = "best", format = "packed";
  bool json = false;
  DataPathOptions data;
};

double mebibytes(std::size_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

void print(const Options& options, const deploy::Trained& trained,
           const deploy::Exported& exported) {
  const char* which = trained.best ? "the best epoch" : "the last epoch";
  if (options.json) {
    fmt::print("{}\n", nlohmann::json{{"file", options.out},
                                      {"format", options.format},
                                      {"bytes", exported.file},
                                      {"epoch", trained.epoch},
                                      {"best", trained.best},
                                      {"weights", exported.weights},
                                      {"code_bytes", exported.codes},
                                      {"scale_bytes", exported.scales},
                                      {"rest_bytes", exported.rest},
                                      {"preprocessing_bytes", exported.preprocessing}}
                           .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  fmt::print("{}: {:.2f} MiB ({} bytes), {} (epoch {})\n", options.out, mebibytes(exported.file),
             exported.file, which, trained.epoch);
  if (exported.codes > 0) {
    fmt::print(
        "codes {} bytes for {} weights, scales and levels {}, the rest {}, preprocessing {}; the "
        "file is {:.4f} of that\n",
        exported.codes, exported.weights, exported.scales, exported.rest, exported.preprocessing,
        static_cast<double>(exported.file) / static_cast<double>(exported.information()));
  }
}

void go(const Options& options, const Context& context) {
  require_a_path(options.out, "a model");
  for (const char* own :
       {"best.h5", "checkpoint.h5", "run.h5", "config.yaml", "status.json", "log.txt"})
    require_other_than(options.out, std::filesystem::path(options.run) / own, "the run's own file");
  const deploy::Trained trained = deploy::read_trained(
      options.run, options.epoch == "best" ? deploy::Epoch::best : deploy::Epoch::last);
  if (options.format == "float32")
    return print(options, trained, deploy::export_floats(trained, options.out));
  const data::DatasetSpec dataset = deploy::dataset_of(trained, context.configs);
  const deploy::Network network = deploy::network_of(trained, dataset);
  if (options.format == "onnx")
    return print(options, trained, deploy::export_onnx(trained, network, options.out));
  print(options, trained,
        deploy::export_packed(trained, network, dataset,
                              deploy::preprocessing_of(trained, dataset, options.data.paths()),
                              options.out));
}

}  // namespace

void add_export_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("export", "Write a run's network to one file, its weights packed");
  command->add_option("RUN", options->run, "A run's folder")->required();
  command->add_option("--out", options->out, "File to write, such as model.safetensors")
      ->required();
  command
      ->add_option("--epoch", options->epoch,
                   "best: by the validation score, where the run kept it; last")
      ->check(CLI::IsMember({"best", "last"}))
      ->capture_default_str();
  command
      ->add_option("--format", options->format,
                   "packed: codes and scales, for laq evaluate and the runtime; float32: the "
                   "quantized weights as PyTorch has them; onnx: the same as an ONNX network")
      ->check(CLI::IsMember({"packed", "float32", "onnx"}))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print one JSON object");
  options->data.add_to(*command);
  command->callback([options, &context] { go(*options, context); });
}

}  // namespace laq
