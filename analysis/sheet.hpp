#pragma once

#include <string>
#include <utility>
#include <vector>

/// Tables as they are read by people: cells of text, for any format.
namespace laq::analysis {

struct SheetCell {
  enum class Tone { plain, strong, bad, code };

  std::string text;  ///< plain Unicode; "" is shown as a dash
  Tone tone = Tone::plain;
  bool dagger = false;
  std::string anchor = {};  ///< of the place that it links to, on a page
  /// On a page instead of the text: places and their names.
  std::vector<std::pair<std::string, std::string>> links = {};
  std::string whole = {};  ///< what a shortened text is short for, shown on a page when pointed at
};

struct SheetHead {
  std::string group, text;  ///< "MNIST", "ms per step"; heads of a group stand side by side
  bool left = false;        ///< text, aligned to the left
};

/// One cell alone is a head over all columns.
struct SheetRow {
  std::vector<SheetCell> cells;
  bool begins_group = false;
  std::string id = {};  ///< its place on a page
};

struct Sheet {
  std::string title;
  std::vector<SheetHead> heads;
  std::vector<SheetRow> rows = {};
  std::vector<std::string> notes = {};

  void add(std::vector<SheetCell> cells, bool begins_group = false) {
    rows.push_back({std::move(cells), begins_group});
  }
};

/// A part of a document.
struct Block {
  std::string title;  ///< "" where it needs none
  std::vector<std::string> paragraphs = {};
  std::vector<Sheet> sheets = {};
  std::vector<std::string> items = {};  ///< a list, at the end
  std::string id = {};                  ///< its place on a page
};

struct Document {
  std::string name;  ///< letters of a label in LaTeX are made from it
  std::string heading;
  std::vector<Block> blocks;
};

/// Aligned columns, readable as plain text too.
std::string markdown(const Sheet& sheet);
std::string markdown(const Document& document);
/// `table` environments with booktabs, to be \input, one for each sheet.
std::string latex(const Document& document);

/// With a backslash before what Markdown would take for a mark, at the start of a paragraph or
/// within it.
std::string markdown_escaped(const std::string& text);

}  // namespace laq::analysis
