#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analysis/protocol.hpp"
#include "analysis/run_data.hpp"
#include "analysis/sheet.hpp"

namespace laq::analysis {

enum class Judgement {
  supported,     ///< the interval lies within what the claim allows
  contradicted,  ///< the interval lies outside
  undecided,  ///< the interval reaches over the limit, there is none (one seed), or runs diverged
  missing     ///< no run, or not both sides of any seed
};

std::string judgement_name(Judgement judgement);
/// "2 supported, 1 missing".
std::string counts_text(const std::map<Judgement, std::size_t>& counts);

/// A judgement and what must be known beside it.
struct Ruling {
  Judgement judgement = Judgement::missing;
  std::string reason;                        ///< how it comes about, and what is lacking
  bool provisional = false;                  ///< a planned run that it rests on is not done yet
  std::set<std::filesystem::path> diverged;  ///< runs of either side that did
};

/// What one seed says.
struct Observation {
  std::int64_t seed = 0;
  double value = 0;  ///< left − right; a slope or a measure of `left` for the other tests
  std::vector<std::filesystem::path> runs;  ///< the runs it rests on, left first
};

/// One comparison of a claim, on one experiment.
struct Comparison : Ruling {
  std::string experiment;
  std::string dataset;      ///< its title: "CIFAR-10"
  std::string left, right;  ///< titles of the methods; `right` is "" when one alone is measured
  std::string subject;      ///< "LATe − TWN"
  std::string statement;    ///< "LATe − TWN < 0.04 (3 % of TWN)"
  std::string test;         ///< "paired t", "t of the slopes", "t"
  std::string unit;         ///< "points" (of percent), "nats", "rounds"
  int decimals = 2;         ///< to show values with
  bool planned = false;     ///< whether the sweeps plan both sides
  Interval region;  ///< what the claim allows, both ends outside; infinite where there is no limit
  double margin = 0;                      ///< of a tie, in the unit; NaN when it is not known
  std::vector<Observation> observations;  ///< the common seeds, in order
  Summary difference;  ///< over the observations; its spread is at least what can be seen
  std::optional<Interval> interval;  ///< Student t at the report's level; none when n < 2
  std::optional<double> p;           ///< one-sided, of the nearest limit not being kept
  std::set<Judgement> barred;        ///< what may not be said while runs have diverged
  std::string note;                  ///< what else the records say, in words
};

/// A claim's judgement on one experiment.
struct DatasetJudgement : Ruling {
  std::string experiment, dataset;
};

/// One claim of a file and what the runs say; the judgement is over all comparisons.
struct Claim : Ruling {
  std::string name;         ///< its key in the file
  std::string text;         ///< the claim in words
  bool any = false;         ///< one true comparison is enough; otherwise all must be true
  std::size_t planned = 0;  ///< comparisons whose both sides the sweeps plan: k
  std::vector<Comparison> comparisons;     ///< those on experiments of the sweeps
  std::vector<DatasetJudgement> datasets;  ///< in the order of the comparisons
};

/// All claims, from the runs of one protocol.
struct ClaimReport : Protocol {
  std::vector<std::string> sweeps;
  std::vector<std::string> chosen;  ///< points of a grid, by validation, in words
  double level = 0.95;              ///< of the intervals, two-sided
  std::vector<Claim> claims;
};

/// What is asked of the runs.
struct ClaimQuestion {
  std::filesystem::path file = {};  ///< of claims; empty: <configs>/claims.yaml
  /// Each method stands at that point of a sweep's grid that has its best mean validation score;
  /// otherwise only where the grid sets nothing.
  bool select_valid = false;
};

/// Judges the claims of a file by what sweeps' runs hold: one report for each protocol (profile and
/// words that apply to all runs), in the order of the sweeps. A run that two sweeps plan counts
/// once. Errors (usage): the file is missing, or a key is unknown, missing or wrong. Runs that are
/// missing are no errors.
std::vector<ClaimReport> judge_claims(const std::filesystem::path& configs,
                                      const std::vector<std::shared_ptr<const SweepData>>& sweeps,
                                      const ClaimQuestion& question = {});

// What the formats for people say, in plain Unicode text.

/// "supported if … ; all comparisons …": how judgements come about, for a reader.
std::string claim_method(const ClaimReport& report);
/// "−0.12 [−0.20, −0.04]", "−0.12" without an interval, "" without an observation.
std::string interval_text(const Comparison& comparison);
/// The sweeps and their protocol, how many claims hold, and what was chosen.
std::string claim_source(const ClaimReport& report);
/// "mnist/late-7bc5d4b8, seeds 1, 2; mnist/twn-03321d77, seed 1".
std::string runs_text(const Comparison& comparison);
/// "< 0.001" or "0.032"; "" for none.
std::string p_text(const std::optional<double>& p);
/// Titles of all data sets that a claim of the report is judged on, in order.
std::vector<std::string> datasets_of(const ClaimReport& report);
/// "supported", "supported (provisional; 2 runs diverged)".
std::string ruling_text(const Ruling& ruling);
/// Reason and note of a comparison.
std::string remarks(const Comparison& comparison);

/// For a terminal.
std::string claims_plain(const ClaimReport& report);
/// As people read them, on paper or on a page, where the cells of runs link to them by
/// `run_anchor`.
Document claims_document(const ClaimReport& report);
/// Where a page has a claim.
std::string claim_anchor(const ClaimReport& report, const Claim& claim);

/// As `text`, `md` or `json`. Ends with a line feed.
std::string render(const std::vector<ClaimReport>& reports, const std::string& format);

}  // namespace laq::analysis
