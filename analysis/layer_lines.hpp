#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "record/history.hpp"

/// What figures of the layers' histories have in common: one line for each layer.
namespace laq::analysis {

constexpr int kLegendWidth = 150;  ///< pixels right of the panels

std::vector<std::string> layers_of(const record::History& history);

/// Epochs that all of them have. There must be one.
std::size_t shortest(const std::vector<const record::History*>& histories);

/// Mean over the runs, and over every `step`-th number from `first` on of an epoch's row, of a
/// layer's column; NaN where it is not recorded.
double layer_mean(const std::vector<const record::History*>& histories, const std::string& layer,
                  const std::string& column, std::size_t epoch, std::size_t first = 0,
                  std::size_t step = 1);

/// Turns a legend on, right of the panels.
std::string legend_commands();

/// A plot command: column `column` of the table `file` against its third, for rows whose first is
/// the layer's number and which meet `condition` ("" or "$7==2"); with titles when `legend`.
std::string layer_lines(const std::string& file, const std::vector<std::string>& layers,
                        const std::string& condition, std::size_t column, std::size_t epochs,
                        bool legend);

}  // namespace laq::analysis
