#include <H5public.h>
#include <fmt/format.h>
#include <gnu/libc-version.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <vector>

#include "core/error.hpp"
#include "core/limits.hpp"
#include "core/machine.hpp"
#include "data/locate.hpp"
#include "experiments/commands.hpp"
#include "experiments/shared_options.hpp"
#include "record/provenance.hpp"
#include "train/torch_info.hpp"

namespace laq {
namespace {

class Report {
 public:
  void line(const std::string& name, const std::string& text) {
    std::cout << fmt::format("{:<16} {}\n", name, text);
  }
  void mend(const std::string& advice) { advice_.push_back(advice); }
  void close() const {
    std::cout << (advice_.empty() ? "\nnothing to mend\n" : "\nto mend:\n");
    for (const auto& one : advice_) std::cout << "  - " << one << "\n";
  }

 private:
  std::vector<std::string> advice_;
};

std::string threading_name(BlasThreading threading) {
  switch (threading) {
    case BlasThreading::sequential:
      return "sequential";
    case BlasThreading::pthread:
      return "its own threads";
    case BlasThreading::openmp:
      return "OpenMP";
    case BlasThreading::other:
      break;
  }
  return "unknown threading";
}

void check_blas(Report& report) {
  const BlasInfo blas = blas_info();
  report.line("BLAS", fmt::format("{} ({})", blas.description, threading_name(blas.threading)));
  if (blas.threading == BlasThreading::pthread) {
    report.mend(
        "OpenBLAS has threads of its own beside OpenMP's; worked around with "
        "OMP_WAIT_POLICY=passive, but "
        "faster with: apt-get install libopenblas0-openmp");
  } else if (blas.threading == BlasThreading::sequential) {
    report.mend("OpenBLAS uses one thread: apt-get install libopenblas0-openmp");
  } else if (blas.threading == BlasThreading::other) {
    report.mend("the BLAS is not OpenBLAS and may be slow: apt-get install libopenblas0-openmp");
  }
}

void check_threads(Report& report) {
  const char* wanted = std::getenv("OMP_NUM_THREADS");
  const auto quota = cpu_quota();
  report.line("cores", fmt::format("{}{}", available_cores(),
                                   quota ? fmt::format(" (a quota of {:.3g} CPUs)", *quota) : ""));
  report.line("threads",
              fmt::format("{} (OMP_NUM_THREADS {})", threads_for(1), wanted ? wanted : "not set"));
  if (threads_for(1) > available_cores())
    report.mend("OMP_NUM_THREADS is larger than the number of cores: unset it");
  if (threads_for(1) < available_cores())
    report.mend("OMP_NUM_THREADS leaves cores idle in a single run: unset it");
}

void check_data(Report& report, const Context& context, const data::DataPaths& paths) {
  for (const auto& name : config::names_in(context.configs, "datasets")) {
    const auto spec = data::load_dataset(context.configs, name);
    std::string where;
    for (const auto& file : spec.files) {
      const auto found = data::locate(spec, file, paths);
      where = found ? found->path.parent_path().string() : "";
      if (!found) break;
    }
    report.line("data " + name, where.empty() ? "not here" : where);
    if (where.empty()) report.mend(fmt::format("get {}: laq data fetch {}", spec.title, name));
  }
}

void go(const Context& context, const data::DataPaths& paths) {
  Report report;
  report.line("laq", fmt::format("{} ({}{})", record::version(), record::git_commit(),
                                 record::git_dirty() ? ", changed since" : ""));
  report.line("LibTorch", train::libtorch_version());
  report.line("CPU",
              fmt::format("{}, LibTorch uses {}", record::cpu_model(), train::cpu_capability()));
  check_blas(report);
  check_threads(report);
  report.line("allocator",
              fmt::format("glibc {}, freed blocks are kept", ::gnu_get_libc_version()));
  unsigned major = 0, minor = 0, release = 0;
  ::H5get_libversion(&major, &minor, &release);
  report.line("HDF5", fmt::format("{}.{}.{}", major, minor, release));
  report.line("configurations", context.configs.string());
  check_data(report, context, paths);
#ifndef NDEBUG
  report.mend("this is a debug build, which is slow: make build");
#endif
  report.close();
}

}  // namespace

void add_doctor_command(CLI::App& app, Context& context) {
  auto options = std::make_shared<DataPathOptions>();
  CLI::App* command =
      app.add_subcommand("doctor", "Show what was found on this machine, and what to mend");
  options->add_to(*command);
  command->callback([options, &context] { go(context, options->paths()); });
}

}  // namespace laq
