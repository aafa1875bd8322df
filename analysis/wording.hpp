#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/table.hpp"

/// What the formats for people (Markdown, LaTeX) say in common; plain Unicode text, to be escaped
/// by the format.
namespace laq::analysis {

/// "Test error (%): quick profile, NOT the paper's protocol".
std::string heading(const Table& table);
/// What was run, how it departs from the paper's protocol and what the differences then mean.
std::string protocol_sentence(const Table& table);
/// Footnotes, without their marks: that of the dagger is `dagger_note`.
std::string dagger_note();
std::string source_note(const Table& table);  ///< "" without a figure of a paper
std::string best_note();
bool has_single_runs(const Table& table);
std::string single_run_note();
/// "MNIST: not all means are over the same seeds: 1, 2, 3, but LATe 1, 2.", one for each column
/// where that is so.
std::vector<std::string> unequal_seed_notes(const Table& table);
/// Commits, CPU, threads, LibTorch and dates of the runs.
std::string provenance_note(const Table& table);
/// "LATe, MNIST, seeds 2, 3: failed: …". Left out where the table's cell says all there is to say.
std::vector<std::string> missing_lines(const Table& table);

/// "SVHN: missing: train_32x32.mat not at hand", one for each column without its data.
std::vector<std::string> absent_lines(const Table& table);
/// What the figures of the training table are; "" when it has no step times.
std::string step_note(const Table& table);
std::string size_note();
/// "65.1", with a tilde before it when the runs were disturbed; "" for none.
std::string step_text(const Cell& cell);
/// A row of the training table for one column: ms per step, solver rounds, best epoch.
std::vector<std::string> training_cells(const Entry& entry);
/// A row of the size table: bits, MiB, compression.
std::vector<std::string> size_cells(const Entry& entry);
/// "LATe, quantizer.bits=3".
std::string row_name(const Row& row);
/// The sign in typography's minus, as wide as the plus.
std::string typographic(std::string number);

/// "2" or "2 of 3".
std::string count_text(const Entry& entry);
/// The states of the missing runs, such as "not run".
std::string missing_states(const Entry& entry);
std::string fixed(double value, int decimals);
/// With its sign ("+0.04", "-0.03"); "0.00" when it rounds to zero.
std::string signed_fixed(double value, int decimals);
/// Whether the second table, of step times and best epochs, has anything in it.
bool has_training(const Table& table);
/// "65.1", or "" for none.
std::string optional_fixed(std::optional<double> value, int decimals);
/// The median best epoch: "12" or "12.5".
std::string epoch_text(std::optional<double> epoch);

}  // namespace laq::analysis
