#include "analysis/evidence.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/metric_scale.hpp"
#include "analysis/unicode.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

template <typename List, typename Test>
auto* find_in(List& list, Test test) {
  const auto found = std::find_if(list.begin(), list.end(), test);
  return found == list.end() ? nullptr : &*found;
}

// Adds the runs of a cell to those of the same cell of another sweep. A seed that has a result
// needs no other; one that lacks it in both keeps the first reason.
void merge_cell(const Cell& from, Cell& into) {
  for (const auto& result : from.results) {
    const auto same = [&](const auto& other) { return other.seed == result.seed; };
    if (find_in(into.results, same)) continue;
    std::erase_if(into.missing, same);
    into.results.push_back(result);
  }
  for (const auto& missing : from.missing) {
    const auto same = [&](const auto& other) { return other.seed == missing.seed; };
    if (!find_in(into.results, same) && !find_in(into.missing, same))
      into.missing.push_back(missing);
  }
}

void add_cells(const sweep::Plan& plan, Evidence& evidence) {
  for (const auto& cell : collect(plan).cells) {
    Cell* known = find_in(evidence.cells, [&](const Cell& other) {
      return other.experiment == cell.experiment && other.method == cell.method &&
             other.point == cell.point;
    });
    if (known) {
      merge_cell(cell, *known);
    } else {
      evidence.cells.push_back(cell);
    }
  }
}

void add_experiments(const sweep::Plan& plan, Evidence& evidence) {
  for (const auto& job : plan.jobs) {
    const std::string& name = job.run.request.experiment;
    const auto same = [&](const Studied& other) { return other.experiment == name; };
    if (find_in(evidence.experiments, same)) continue;
    evidence.experiments.push_back({name, one_line(job.run.dataset.title), metric_of(job.run),
                                    metric_grid(job.run), metric_of_guess(job.run)});
  }
}

void tell_apart(std::vector<Studied>& experiments) {
  std::vector<Studied> titled = experiments;
  for (auto& one : titled) {
    const auto shared =
        std::count_if(experiments.begin(), experiments.end(),
                      [&](const Studied& other) { return other.title == one.title; });
    if (shared > 1) one.title += fmt::format(" ({})", fs::path(one.experiment).stem().string());
  }
  experiments = std::move(titled);
}

}  // namespace

const Cell* Evidence::find(const std::string& experiment, const std::string& method,
                           const Point& point) const {
  return find_in(cells, [&](const Cell& cell) {
    return cell.experiment == experiment && cell.method == method && cell.point == point;
  });
}

std::vector<std::string> Evidence::shared_values(const std::string& experiment,
                                                 const std::string& axis, const std::string& left,
                                                 const std::string& right) const {
  std::vector<std::string> values;
  for (const auto& cell : cells) {
    const bool on_axis = cell.experiment == experiment && cell.method == left &&
                         cell.point.size() == 1 && cell.point.front().first == axis;
    if (on_axis && find(experiment, right, cell.point)) values.push_back(cell.point.front().second);
  }
  return values;
}

std::vector<Evidence> gather(const fs::path& configs, const std::vector<sweep::Plan>& plans) {
  std::vector<Evidence> all;
  for (const auto& plan : plans) {
    Protocol protocol = protocol_of(plan, configs);
    Evidence* evidence = find_in(all, [&](const Evidence& other) {
      return other.protocol.profile == protocol.profile &&
             other.protocol.departures == protocol.departures;
    });
    if (!evidence) {
      all.push_back({std::move(protocol), {}, {}, {}});
      evidence = &all.back();
    }
    evidence->sweeps.push_back(plan.name);
    add_experiments(plan, *evidence);
    add_cells(plan, *evidence);
  }
  for (auto& evidence : all) tell_apart(evidence.experiments);
  return all;
}

}  // namespace laq::analysis
