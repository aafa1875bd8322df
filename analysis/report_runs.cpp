#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "analysis/html.hpp"
#include "analysis/report_parts.hpp"
#include "analysis/wording.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

constexpr std::size_t kHashDigits = 16, kCommitDigits = 12;

// Keys and values of a configuration, one for each leaf.
void flatten(const nlohmann::json& from, const std::string& path,
             std::map<std::string, std::string>& to) {
  if (!from.is_object()) {
    to[path] = from.is_string()
                   ? from.get<std::string>()
                   : from.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  for (const auto& [key, value] : from.items())
    flatten(value, path.empty() ? key : path + "." + key, to);
}

std::string code(const std::string& text) {
  return "<code>" + escaped_html(text) + "</code>";
}

std::string shortened(const std::string& text, std::size_t digits) {
  return text.size() <= digits ? code(text)
                               : fmt::format("<code title=\"{}\">{}</code>", escaped_html(text),
                                             escaped_html(text.substr(0, digits)));
}

// A hash is known by its first digits; the whole of it is in the title.
std::string value_html(const std::string& value) {
  const bool hash = value.size() == 64 && value.find_first_not_of("0123456789abcdef") == value.npos;
  return hash ? shortened(value, kHashDigits) : code(value);
}

// Where not all are of one metric, with its unit.
std::string value_of(const ReportSource& source, const RunData& run) {
  if (!run.completed()) return "–";
  const train::MetricFacts& judged = train::facts(metric_of(source.plan.jobs[run.job].run));
  const auto value = run.record->history.final_number(judged.test);
  if (!value) return "–";
  const std::string number = fixed(*value, judged.decimals);
  return source.table.metric() ? number : fmt::format("{} {}", number, judged.unit);
}

std::string state_of(const RunData& run) {
  if (run.completed()) return "completed";
  std::string state = run.state_words();
  if (!run.reason.empty()) state += ": " + run.reason;
  return "<span class=\"bad wrap\">" + escaped_html(state) + "</span>";
}

std::string epochs_of(const RunData& run, const sweep::Job& job) {
  const std::size_t done = run.record ? run.record->history.epochs.rows() : 0;
  return fmt::format("{} of {}", done, job.run.train.epochs);
}

// The builds that computed a run, each once.
std::string builds_of(const record::RunRecord& record) {
  std::vector<std::string> builds;
  for (const record::Process& by : record.processes()) {
    const bool unknown = by.git_commit.starts_with("unknown");  // and why
    const std::string build =
        (unknown ? code(by.git_commit) : shortened(by.git_commit, kCommitDigits)) +
        (by.git_dirty ? " with local changes" : "");
    if (std::find(builds.begin(), builds.end(), build) == builds.end()) builds.push_back(build);
  }
  return join(builds);
}

// A path below the runs folder, which the caption names.
std::string place_of(const ReportSource& source, const sweep::Job& job) {
  return code(job.folder.lexically_relative(source.plan.runs).generic_string());
}

}  // namespace

std::string configuration_html(const ReportSource& source) {
  std::vector<std::map<std::string, std::string>> all;
  std::map<std::string, std::string> shared;
  for (const auto& series : source.data.series) {
    all.emplace_back();
    flatten(series.job.run.canonical, "", all.back());
    for (const auto& [key, value] : all.back()) shared.emplace(key, value);
  }
  std::map<std::string, bool> differs;
  for (const auto& [key, value] : shared) {
    for (const auto& one : all) {
      const auto found = one.find(key);
      differs[key] = differs[key] || found == one.end() || found->second != value;
    }
  }
  HtmlTable same("What all runs share", {"Key", "Value"}, 2);
  std::vector<std::string> heads = {"Method"};
  if (source.data.experiments.size() > 1) heads.push_back("Experiment");
  const std::size_t named = heads.size();
  for (const auto& [key, different] : differs) {
    if (different) {
      heads.push_back(escaped_html(key));
    } else {
      same.row({code(key), value_html(shared[key])});
    }
  }
  std::string text = same.html();
  if (heads.size() == named) return text;
  HtmlTable other("What tells them apart", heads, heads.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Series& series = source.data.series[i];
    std::vector<std::string> cells = {
        link_to(series_anchor(series.first_job), escaped_html(series.label))};
    if (named > 1) cells.push_back(escaped_html(series.experiment));
    for (const auto& [key, different] : differs) {
      if (!different) continue;
      const auto found = all[i].find(key);
      cells.push_back(found == all[i].end() ? "–" : value_html(found->second));
    }
    other.row(cells);
  }
  return text + other.html();
}

std::string runs_html(const ReportSource& source) {
  const auto metric = source.table.metric();
  HtmlTable table(
      fmt::format("All planned runs; folders are below {}", source.plan.runs.generic_string()),
      {"Seed", "Status", escaped_html(metric ? metric_label(*metric) : "Test result"), "Epochs",
       "Configuration", "Commit", "Record written", "Folder"},
      2);
  for (const auto& series : source.data.series) {
    table.group(escaped_html(series.label + ", " + source.data.title_of(series.experiment)),
                series_anchor(series.first_job));
    for (const auto& run : series.runs) {
      const sweep::Job& job = source.plan.jobs[run.job];
      const record::Provenance* from = run.record ? &run.record->provenance : nullptr;
      table.row({std::to_string(job.run.request.seed), state_of(run), value_of(source, run),
                 epochs_of(run, job), shortened(job.run.hash, kHashDigits),
                 run.record ? builds_of(*run.record) : "–",
                 from ? escaped_html(from->file_time) : "–", place_of(source, job)},
                run_anchor(run.job));
    }
  }
  return table.html();
}

std::string provenance_html(const ReportSource& source) {
  std::map<std::string, std::set<std::string>> values;
  for (const auto& series : source.data.series) {
    for (const auto& run : series.runs) {
      if (!run.record) continue;
      const record::Provenance& from = run.record->provenance;
      values["Data, SHA-256"].insert(from.dataset_sha256);
      for (const record::Process& by : run.record->processes()) {
        values["Program"].insert(from.creator + " " + by.version);
        values["Commit"].insert(by.build());
        if (by.threads == 0) continue;  // of a part of which nothing is known
        values["Machine"].insert(by.host);
        values["Processor"].insert(by.cpu_model + ", " + by.cpu_capability);
        values["Threads of a run"].insert(std::to_string(by.threads));
        values["LibTorch"].insert(by.libtorch_version);
        values["BLAS"].insert(by.blas);
        values["Device"].insert(by.device);
      }
    }
  }
  if (values.empty()) return "<p>No run has a record yet.</p>\n";
  HtmlTable table("Where the results come from", {"What", "Value"}, 2);
  for (const auto& [what, all] : values) {
    std::string text;
    for (const auto& value : all) text += (text.empty() ? "" : "<br>") + escaped_html(value);
    table.row({escaped_html(what), text});
  }
  return table.html();
}

}  // namespace laq::analysis
