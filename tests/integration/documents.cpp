#include <catch2/catch.hpp>
#include <regex>
#include <sstream>

#include "core/files.hpp"
#include "integration/tiny_text.hpp"
#include "integration/workplace.hpp"
#include "support/picture_files.hpp"

// The commands in README and docs/ are run as they stand there, on small data that goes by the
// names that they use.

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

const fs::path kSources = LAQ_SOURCE_DIR;

std::vector<std::string> pages() {
  std::vector<std::string> all{"README.md", "CONTRIBUTING.md", "CHANGELOG.md"};
  for (const auto& entry : fs::directory_iterator(kSources / "docs")) {
    if (entry.path().extension() == ".md")
      all.push_back("docs/" + entry.path().filename().string());
  }
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

struct Command {
  std::string text;
  std::vector<std::string> shown;  // its output on the page
};

struct Block {
  std::size_t line = 0;  // of its fence, from 1
  std::string language;
  std::string mark;  // "not run: REASON" of the comment above it
  std::vector<std::string> content;
};

std::vector<Block> blocks_of(const std::string& page) {
  const std::vector<std::string> lines = lines_of(page);
  std::vector<Block> blocks;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!lines[i].starts_with("```")) continue;
    Block block{i + 1, lines[i].substr(3), "", {}};
    std::smatch mark;
    if (i > 0 && std::regex_match(lines[i - 1], mark, std::regex("<!-- (.*) -->")))
      block.mark = mark[1];
    while (++i < lines.size() && lines[i] != "```") block.content.push_back(lines[i]);
    blocks.push_back(block);
  }
  return blocks;
}

// Of ```sh every line is a command, of ```console those after "$ "; what follows them was printed.
std::vector<Command> commands_of(const Block& block) {
  std::vector<Command> commands;
  for (const auto& line : block.content) {
    const bool console = block.language == "console";
    if (console && !line.starts_with("$ ")) {
      if (!commands.empty()) commands.back().shown.push_back(line);
    } else if (!line.empty()) {
      commands.push_back({console ? line.substr(2) : line, {}});
    }
  }
  return commands;
}

// What differs from run to run.
std::string without_numbers(const std::string& line) {
  std::string text = std::regex_replace(line, std::regex("-[0-9a-f]{8}/"), "-HASH/");
  text = std::regex_replace(text, std::regex("[0-9]+(\\.[0-9]+)?"), "N");
  return std::regex_replace(text, std::regex(" +"), " ");
}

class Reader {
 public:
  Reader() {
    // No more pictures, classes and units than training needs to go through.
    place_.add_pictures("mnist", {.train = 400, .validation = 100, .test = 100, .side = 28});
    add_text(place_, std::regex_replace(tiny_words(), std::regex("three"), "The tree"));
    write_text(place_ / "configs/experiments/war_and_peace.yaml", "extends: [experiments/words]\n");
    write_text(place_ / "configs/profiles/quick.yaml",
               "title: quick profile\npaper_protocol: false\nmodels:\n"
               "  mlp: {model: {hidden: [16]}, train: {epochs: 1}}\n"
               "  char_lstm: {train: {epochs: 1}}\n");
    write_text(place_ / "configs/sweeps/quick.yaml",
               "title: Test error (%)\ntable: feedforward\nprofile: quick\nexperiments: [mnist]\n"
               "methods: [full, twn, late]\nseeds: [1]\n");
    write_text(place_ / "configs/sweeps/bits.yaml",
               "title: Test error (%)\nprofile: quick\nexperiments: [mnist]\n"
               "methods: [laq3_linear]\nseeds: [1]\ngrid: {quantizer.levels: [linear, log], "
               "quantizer.bits: [3], quantizer.scaling: [symmetric, asymmetric], "
               "quantizer.solver: [exact]}\n");
    for (const std::string kind : {"rose", "tulip"}) {
      for (int i = 0; i < 20; ++i) {
        const auto shade = static_cast<std::uint8_t>(kind == "rose" ? 200 + i : 50 + i);
        write_text(place_ / ("flowers/" + kind + "/" + std::to_string(i) + ".png"),
                   test::png(8, 8, {shade, 40, 40}));
      }
    }
    fs::create_directories(place_ / "build");
    fs::create_symlink(LAQ_PROGRAM, place_ / "build/laq");
    fs::create_directories(place_ / "results/mnist");
    fs::create_directory_symlink(kSources / "results/mnist/records",
                                 place_ / "results/mnist/records");
  }

  /// The runs that pages look at.
  void train() {
    for (const char* arguments :
         {"run mnist --method late --profile quick", "run mnist --method twn --profile quick",
          "run war_and_peace --method late --profile quick", "sweep quick --jobs 2"}) {
      const std::string failure = failure_of({std::string("build/laq ") + arguments, {}});
      if (!failure.empty()) throw std::runtime_error(failure);
    }
  }

  /// What is wrong with a page's blocks: each neither run nor marked, or run in vain.
  std::vector<std::string> failures(const std::string& name, const std::string& page) {
    std::vector<std::string> all;
    for (const char* added :
         {"configs/datasets/flowers.yaml", "configs/experiments/flowers.yaml", "data/flowers"})
      fs::remove_all(place_ / added);
    for (const auto& block : blocks_of(page)) {
      const std::string where = name + ":" + std::to_string(block.line) + ": ";
      if (block.language == "yaml") write_yaml(block);
      if (block.language != "sh" && block.language != "console") continue;
      if (block.mark.starts_with("not run: ") && block.mark.size() > 15) continue;
      const auto commands = commands_of(block);
      if (commands.empty()) all.push_back(where + "no command");
      for (const auto& command : commands) {
        const std::string failure = failure_of(command);
        if (!failure.empty()) all.push_back(where + command.text + ": " + failure);
      }
    }
    return all;
  }

  /// Commands that were run.
  int ran() const { return ran_; }

 private:
  // A file that a page tells to write has its path in the first line.
  void write_yaml(const Block& block) const {
    std::smatch path;
    if (block.content.empty() ||
        !std::regex_match(block.content[0], path, std::regex("# (configs/[a-z_/]+\\.yaml)")))
      return;
    std::string text;
    for (const auto& line : block.content) text += line + "\n";
    write_text(place_ / path[1].str(), text);
  }

  // Hashes are of the real data and networks; here their runs have others.
  std::string with_hashes_of_here(const std::string& command) const {
    std::string text = command;
    for (const auto& runs : fs::directory_iterator(place_ / "results/runs")) {
      for (const auto& entry : fs::directory_iterator(runs.path())) {
        const std::string folder = entry.path().filename().string();
        const std::string method = folder.substr(0, folder.rfind('-'));
        const std::string before = command.find("results/runs/") == std::string::npos
                                       ? "(^| )"
                                       : "(results/runs/" + runs.path().filename().string() + "/)";
        text = std::regex_replace(text, std::regex(before + method + "-[0-9a-f]{8}/"),
                                  "$1" + folder + "/");
      }
    }
    return text;
  }

  // The first target or variable that the Makefile does not have.
  static std::string unknown_to_make(const std::string& command) {
    const std::string makefile = "\n" + read_file(kSources / "Makefile");
    std::istringstream words(std::regex_replace(command, std::regex("#.*|&&.*"), ""));
    for (std::string word; words >> word;) {
      const auto equals = word.find('=');
      if (equals != word.npos && !std::regex_match(word, std::regex("[A-Z]+=.*"))) continue;
      const bool known = equals != word.npos ? holds(makefile, "$(" + word.substr(0, equals) + ")")
                                             : word == "make" || holds(makefile, "\n" + word + ":");
      if (!known) return word;
    }
    return "";
  }

  std::string failure_of(const Command& command) {
    try {
      return failure_when_run(command);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }

  std::string failure_when_run(const Command& command) {
    const std::regex known(
        "^([A-Z_a-z]+=\\S+ )*(build/laq |make |source <\\(build/laq |/usr/bin/python3 -c |mkdir -p "
        "results/).*");
    if (!std::regex_match(command.text, known)) return "neither known nor marked as not run";
    const bool make = std::regex_search(command.text, std::regex("(^| )make "));
    if (make) {
      const std::string unknown = unknown_to_make(command.text);
      if (!unknown.empty()) return "the Makefile has no " + unknown;
    }
    std::map<std::string, std::string> environment{{"HOME", place_.path().string()}};
    // Committed records are of the project's own configurations.
    if (holds(command.text, "results/mnist/records"))
      environment["LAQ_CONFIGS"] = (kSources / "configs").string();
    // What make would run is not run, but has to be known.
    ++ran_;
    const std::string script =
        "make() { command make -n -C '" + kSources.string() + "' \"$@\"; }\n" +
        (fs::exists(place_ / "results/runs/mnist") ? with_hashes_of_here(command.text)
                                                   : command.text);
    const Outcome outcome = run({.arguments = {"-c", script},
                                 .folder = place_.path(),
                                 .environment = environment,
                                 .program = "/bin/bash"});
    const bool refused = !command.shown.empty() && command.shown[0].starts_with("laq: ");
    const std::string printed = outcome.out + outcome.err;
    if (refused != (outcome.exit_code != 0))
      return "leaves with " + std::to_string(outcome.exit_code) + "\n" + printed;
    if (make) return "";
    for (const auto& line : command.shown) {
      if (line == "…") continue;
      if (refused ? !holds(printed, line) : !holds(without_numbers(printed), without_numbers(line)))
        return "does not print '" + line + "' but\n" + printed;
    }
    return "";
  }

  Workplace place_;
  int ran_ = 0;
};

// GitHub's anchor of a heading.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    if (c == ' ') anchor += '-';
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_')
      anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return anchor;
}

std::string prose_of(const std::string& page) {
  std::string prose;
  bool fenced = false;
  for (const auto& line : lines_of(page)) {
    if (line.starts_with("```")) fenced = !fenced;
    if (!fenced) prose += line + "\n";
  }
  return prose;
}

}  // namespace

TEST_CASE("every command in README and docs is run, or marked as not run", "[documents]") {
  Reader reader;
  reader.train();
  for (const auto& name : pages()) {
    for (const auto& failure : reader.failures(name, read_file(kSources / name)))
      FAIL_CHECK(failure);
  }
  CHECK(reader.ran() > 40);
}

TEST_CASE("a document's command that does not work is told", "[documents]") {
  Reader reader;
  const auto failures = [&](const std::string& block) { return reader.failures("page", block); };
  CHECK(failures(
            "```console\n$ build/laq data list mnist\nmnist  confirmed  found in data/mnist\n```\n")
            .empty());
  CHECK(failures("```sh\nmake test\n```\n").empty());
  CHECK(failures("<!-- not run: needs Slurm -->\n```sh\nsrun hostname\n```\n").empty());
  for (const char* wrong :
       {"```console\n$ build/laq status results --lung\n```\n",
        "```console\n$ build/laq run mnist --profile quick train.epoch=2\n```\n",
        "```console\n$ build/laq sweep quik --dry-run\n```\n", "```sh\nmake tests\n```\n",
        "```sh\nmake table SWEP=quick\n```\n", "```sh\nsrun hostname\n```\n", "```sh\n```\n",
        "<!-- not run: -->\n```sh\nsrun hostname\n```\n",
        "<!-- not run: needs Slurm -->\n\n```sh\nsrun hostname\n```\n",
        "```console\n$ build/laq run mnist --method laqe\nlaq: did you mean 'lab'?\n```\n",
        "```console\n$ build/laq status\nlaq: unknown\n```\n",
        "```console\n$ build/laq data list mnist\nmnist  unconfirmed  99 files\n```\n"}) {
    INFO(wrong);
    CHECK(failures(wrong).size() == 1);
  }
}

TEST_CASE("links in README and docs lead somewhere", "[documents]") {
  for (const auto& name : pages()) {
    const std::string prose = prose_of(read_file(kSources / name));
    const std::regex link("\\]\\(([^)#]*)(#[^)]*)?\\)|(src|srcset)=\"([^\"]+)\"");
    for (auto it = std::sregex_iterator(prose.begin(), prose.end(), link);
         it != std::sregex_iterator(); ++it) {
      const std::string target = (*it)[1].str() + (*it)[4].str(), anchor = (*it)[2];
      if (target.starts_with("http")) continue;
      INFO(name << ": " << it->str());
      const fs::path file =
          target.empty() ? kSources / name : (kSources / name).parent_path() / target;
      CHECK(fs::exists(file));
      if (anchor.empty() || !fs::exists(file)) continue;
      bool found = false;
      for (const auto& line : lines_of(prose_of(read_file(file)))) {
        const auto text = line.find_first_not_of('#');
        found =
            found || (line.starts_with("#") && "#" + anchor_of(line.substr(text + 1)) == anchor);
      }
      CHECK(found);
    }
  }
}

TEST_CASE("README is a page that is read to the end, and names every page of docs", "[documents]") {
  const std::string readme = read_file(kSources / "README.md");
  const auto lines = lines_of(readme);
  CHECK(lines.size() <= 180);
  for (const auto& line : lines) {
    const auto characters =
        std::count_if(line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; });
    INFO(line);
    CHECK((line.starts_with("|") || characters <= 150));
  }
  for (const auto& name : pages()) {
    INFO(name);
    CHECK((name == "README.md" || holds(readme, "(" + name + ")")));
  }
}

TEST_CASE("the tables of pages and README's picture are what the committed records give",
          "[documents]") {
  const fs::path script = kSources / "results/pages.py";
  const auto python = [&](std::vector<std::string> arguments) {
    return run({.arguments = std::move(arguments),
                .folder = kSources,
                .environment = {{"LAQ", LAQ_PROGRAM}},
                .program = "/usr/bin/python3"});
  };
  if (python({"-c", "import h5py, scipy"}).exit_code != 0) {
    WARN("skipped: python3-h5py or python3-scipy is not installed");
    return;
  }
  const Outcome same = python({script, "--check"});
  INFO(same.out << same.err);
  CHECK(same.exit_code == 0);
  // And it can tell.
  const Workplace place;
  std::string readme = read_file(kSources / "README.md");
  for (const char* page : {"docs/reproduction.md", "docs/later-methods.md"})
    write_text(place / page, read_file(kSources / page));
  const auto at = readme.find("| **LATe");
  REQUIRE(at != std::string::npos);
  const auto digit = readme.find_first_of("0123456789", readme.find('.', at));
  readme[digit] = readme[digit] == '9' ? '8' : '9';
  write_text(place / "README.md", readme);
  const Outcome other = python({script, "--check", "--root", (place / ".").string()});
  CHECK(other.exit_code == 1);
  CHECK_THAT(other.err, Catch::Contains("LATe"));
}
