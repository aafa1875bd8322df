#include "experiments/data_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/text.hpp"
#include "data/fetch.hpp"
#include "data/locate.hpp"
#include "data/new_dataset.hpp"
#include "data/read_images.hpp"
#include "experiments/shared_options.hpp"

namespace laq {
namespace {

struct DataOptions : DataPathOptions {
  std::vector<std::string> names;
  bool offline = false;
};

std::vector<data::DatasetSpec> chosen(const DataOptions& options, const Context& context) {
  const auto& names =
      options.names.empty() ? config::names_in(context.configs, "datasets") : options.names;
  std::vector<data::DatasetSpec> specs;
  for (const auto& name : names) specs.push_back(data::load_dataset(context.configs, name));
  return specs;
}

/// Whether the folder of an archive is in its place: it has no published hash.
bool is_unpacked(const data::DataFile& file, const std::filesystem::path& path) {
  return !file.unpacked.empty() && std::filesystem::is_directory(path);
}

std::string place_text(const data::DataFile& file, const data::Located& found) {
  std::string folder = found.path.parent_path().string();
  if (is_unpacked(file, found.path)) folder += " (unpacked, so without a hash)";
  switch (found.source) {
    case data::Source::data_dir:
      return folder;
    case data::Source::mirror:
      return folder + " (mirror)";
    case data::Source::package:
      return folder + " (Debian package)";
  }
  return folder;
}

/// Where the dataset's files are, or what is missing and how to get it.
std::string state_text(const data::DatasetSpec& spec, const data::DataPaths& paths) {
  std::vector<std::string> where;
  std::size_t missing = 0;
  for (const auto& file : spec.files) {
    const auto found = data::locate(spec, file, paths);
    if (!found) {
      ++missing;
      continue;
    }
    const std::string text = place_text(file, *found);
    if (std::find(where.begin(), where.end(), text) == where.end()) where.push_back(text);
  }
  if (missing == 0) return "found in " + join(where);
  std::string advice = "laq data fetch " + spec.name;
  if (spec.cut_from)
    advice = fmt::format("apt-get install {}, then {}", spec.debian_package, advice);
  else if (!spec.debian_package.empty())
    advice += " or apt-get install " + spec.debian_package;
  if (where.empty()) return fmt::format("missing; {}", advice);
  return fmt::format("{} of {} files missing; {}", missing, spec.files.size(), advice);
}

/// The hash of a folder in an archive's place was never compared with anything.
std::string hash_text(const data::DatasetSpec& spec, const data::DataPaths& paths) {
  const bool all =
      std::all_of(spec.files.begin(), spec.files.end(), [&](const data::DataFile& file) {
        const auto found = data::locate(spec, file, paths);
        return file.hash_checked && !(found && is_unpacked(file, found->path));
      });
  return all ? "confirmed" : "unconfirmed";
}

void list(const DataOptions& options, Context& context) {
  const auto specs = chosen(options, context);
  std::size_t width = std::string_view("dataset").size();
  for (const auto& spec : specs) width = std::max(width, spec.name.size());
  std::cout << fmt::format("{:<{}}  {:<11}  {}\n", "dataset", width, "hashes", "state");
  for (const auto& spec : specs) {
    std::cout << fmt::format("{:<{}}  {:<11}  {}\n", spec.name, width,
                             hash_text(spec, options.paths()), state_text(spec, options.paths()));
  }
}

void fetch(const DataOptions& options, Context& context) {
  data::FetchOptions how;
  how.offline = options.offline;
  how.report = [](const std::string& line) { std::cout << line << std::endl; };
  for (const auto& spec : chosen(options, context)) {
    try {
      data::fetch(spec, options.paths(), how);
    } catch (const Error& error) {  // the other datasets are wanted all the same
      std::cerr << "laq: " << error.what() << std::endl;
      context.exit_code = 1;
    }
  }
}

/// Without names, a dataset that is not there at all is no fault.
bool absent(const data::DatasetSpec& spec, const data::DataPaths& paths) {
  return std::none_of(spec.files.begin(), spec.files.end(), [&](const data::DataFile& file) {
    return data::locate(spec, file, paths).has_value();
  });
}

/// "good", with what was not checked.
std::string verdict(const data::DataFile& file, const std::filesystem::path& path) {
  return is_unpacked(file, path) ? "good in form (the published hash is the archive's)" : "good";
}

void verify(const DataOptions& options, Context& context) {
  const data::DataPaths paths = options.paths();
  for (const auto& spec : chosen(options, context)) {
    if (options.names.empty() && absent(spec, paths)) {
      std::cout << fmt::format("{}: not here, not verified\n", spec.name);
      continue;
    }
    for (const auto& file : spec.files) {
      try {
        data::with_located(spec, file, paths, [&](const std::filesystem::path& path) {
          data::check_file(spec, file, path);
          std::cout << fmt::format("{}: {}\n", path.string(), verdict(file, path));
        });
      } catch (const Error& error) {
        std::cerr << "laq: " << error.what() << std::endl;
        context.exit_code = 1;
      }
    }
  }
}

struct AddOptions : DataPathOptions {
  data::NewDatasetRequest request;
};

void add(const AddOptions& options, const Context& context) {
  const data::NewDatasetRequest& request = options.request;
  const auto yaml = [&](const char* folder) {
    return context.configs / folder / (request.name + ".yaml");
  };
  const std::filesystem::path dataset = yaml("datasets"), experiment = yaml("experiments");
  for (const auto& file : {dataset, experiment}) {
    if (!std::filesystem::exists(file)) continue;
    throw usage_error({.what = "there is already something of this name",
                       .where = file.string(),
                       .advice = "choose another --name, or remove it"});
  }
  const data::NewDataset made = data::add_dataset(request, options.paths());
  replace_file(dataset, made.dataset_yaml);
  replace_file(experiment, made.experiment_yaml);
  std::cout << fmt::format(
      "{}: {}\ndata: {}\ndataset: {}\nexperiment: {}\ntrain on it: laq run {} --method late\n",
      request.name, made.summary, (options.paths().data_dir / request.name).string(),
      dataset.string(), experiment.string(), request.name);
}

void add_add(CLI::App& data, Context& context) {
  auto options = std::make_shared<AddOptions>();
  auto& request = options->request;
  CLI::App* command = data.add_subcommand(
      "add",
      "Make a dataset and an experiment of a folder of pictures, a text, .csv, .npy or .npz");
  command->add_option("PATH", request.source, "The folder or file; it is copied")->required();
  command->add_option("--name", request.name, "Of the dataset and the experiment")->required();
  command->add_option("--title", request.title, "For tables (otherwise the name)");
  command->add_option("--test", request.test, "Percent for the test part, where nothing says so")
      ->check(CLI::Range(1, 49))
      ->capture_default_str();
  command
      ->add_option(
          "--validation", request.validation,
          "Percent of the rest (of a text: of the whole) for the validation part, likewise")
      ->check(CLI::Range(1, 49))
      ->capture_default_str();
  command->add_option("--data-dir", options->data_dir,
                      "Where data is kept (LAQ_DATA_DIR, otherwise data)");
  command->callback([options, &context] { add(*options, context); });
}

void add_action(CLI::App& data, Context& context, const std::string& name,
                const std::string& description, void (*run)(const DataOptions&, Context&)) {
  auto options = std::make_shared<DataOptions>();
  CLI::App* command = data.add_subcommand(name, description);
  command->add_option("NAME", options->names, "Datasets (all when none is named)");
  options->add_to(*command);
  if (name == "fetch") command->add_flag("--offline", options->offline, "Try no URL");
  command->callback([options, run, &context] { run(*options, context); });
}

}  // namespace

void add_data_command(CLI::App& app, Context& context) {
  CLI::App* data = app.add_subcommand("data", "List, fetch, verify and add datasets");
  data->require_subcommand(1);
  add_action(*data, context, "list",
             "Show where each dataset is; hashes are confirmed when they were compared with the "
             "published files",
             list);
  add_action(*data, context, "fetch", "Put datasets into the data directory, checked", fetch);
  add_add(*data, context);
  add_action(*data, context, "verify", "Read the files and check their hashes", verify);
}

}  // namespace laq
