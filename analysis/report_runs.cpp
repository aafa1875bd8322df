#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "analysis/report.hpp"
#include "analysis/wording.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"
#include "store/filter.hpp"

namespace laq::analysis {
namespace {

constexpr std::size_t kHashDigits = 16;

SheetCell code(const std::string& text, std::size_t digits = std::string::npos) {
  SheetCell cell{text.substr(0, digits), SheetCell::Tone::code};
  if (text.size() > digits) cell.whole = text;
  return cell;
}

// A hash is known by its first digits.
SheetCell value_cell(const std::string& value) {
  const bool hash = value.size() == 64 && value.find_first_not_of("0123456789abcdef") == value.npos;
  return code(value, hash ? kHashDigits : std::string::npos);
}

// Where not all are of one metric, with its unit.
std::string value_of(const Table& table, const RunData& run) {
  if (!run.completed()) return "";
  const train::MetricFacts& judged = train::facts(metric_of(table.data->plan->jobs[run.job].run));
  const std::string number = fixed(run.value, judged.decimals);
  return table.metric() ? number : fmt::format("{} {}", number, judged.unit);
}

// The builds that computed a run, each once.
std::string builds_of(const record::RunRecord& record) {
  std::vector<std::string> builds;
  for (const record::Process& by : record.processes()) add_once(builds, short_commit(by.build()));
  return join(builds);
}

}  // namespace

std::string run_anchor(std::size_t job) {
  return fmt::format("run-{}", job);
}

Block configuration_block(const Table& table) {
  std::vector<std::map<std::string, std::string>> all;
  for (const auto& series : table.data->series)
    all.push_back(store::leaves(series.job.run.canonical));
  const std::set<std::string> differing = store::differing_keys(all);
  Sheet same{"What all runs share", {{"", "Key", true}, {"", "Value", true}}};
  Sheet other{"What tells them apart", {{"", "Method", true}, {"", "Experiment", true}}};
  for (const auto& key : differing) other.heads.push_back({"", key, true});
  for (const auto& [key, value] :
       all.empty() ? std::map<std::string, std::string>() : all.front()) {
    if (!differing.contains(key)) same.add({code(key), value_cell(value)});
  }
  if (differing.empty()) return {"", {}, {same}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Series& series = table.data->series[i];
    SheetCell label{series.label};
    label.anchor = series_anchor(series.first_job);
    std::vector<SheetCell> cells = {label, {series.experiment}};
    for (const auto& key : differing) {
      const auto found = all[i].find(key);
      cells.push_back(found == all[i].end() ? SheetCell{} : value_cell(found->second));
    }
    other.add(std::move(cells));
  }
  return {"", {}, {same, other}};
}

Block run_block(const Table& table) {
  const auto metric = table.metric();
  const sweep::Plan& plan = *table.data->plan;
  Sheet sheet{fmt::format("All planned runs; folders are below {}", plan.runs.generic_string()),
              {{"", "Seed", true},
               {"", "Status", true},
               {"", metric ? metric_label(*metric) : "Test result"},
               {"", "Epochs"},
               {"", "Configuration"},
               {"", "Commit"},
               {"", "Record written"},
               {"", "Folder"}}};
  for (const auto& series : table.data->series) {
    sheet.rows.push_back({{{series.label + ", " + table.data->title_of(series.experiment)}},
                          false,
                          series_anchor(series.first_job)});
    for (const auto& run : series.runs) {
      const sweep::Job& job = plan.jobs[run.job];
      const std::size_t done = run.record ? run.record->history.epochs.rows() : 0;
      const auto tone = run.completed() ? SheetCell::Tone::plain : SheetCell::Tone::bad;
      sheet.add({{std::to_string(run.seed)},
                 {run.completed() ? "completed" : run.why(), tone},
                 {value_of(table, run)},
                 {fmt::format("{} of {}", done, job.run.train.epochs)},
                 code(job.run.hash, kHashDigits),
                 {run.record ? builds_of(*run.record) : ""},
                 {run.record ? run.record->provenance.file_time : ""},
                 code(job.folder.lexically_relative(plan.runs).generic_string())});
      sheet.rows.back().id = run_anchor(run.job);
    }
  }
  return {"", {}, {std::move(sheet)}};
}

Block provenance_block(const Table& table) {
  std::map<std::string, std::set<std::string>> values;
  for (const auto& series : table.data->series) {
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
  if (values.empty()) return {"", {"No run has a record yet."}};
  Sheet sheet{"Where the results come from", {{"", "What", true}, {"", "Value", true}}};
  for (const auto& [what, all] : values) {
    for (const auto& value : all) sheet.add({{what}, {value}});
  }
  return {"", {}, {std::move(sheet)}};
}

}  // namespace laq::analysis
