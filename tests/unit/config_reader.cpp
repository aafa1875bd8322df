#include "config/reader.hpp"
#include "config/yaml.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::config;
using namespace laq::test;

namespace {

enum class Colour { red, green };
const std::vector<std::pair<std::string, Colour>> kColours = {{"red", Colour::red},
                                                              {"green", Colour::green}};

/// A section over YAML text that it owns.
struct Given {
  Tree tree;
  Reader section;
  explicit Given(const std::string& yaml) : tree(parse_yaml(yaml, "t.yaml")), section(&tree, "") {}
};

template <typename Read>
std::string refusal(const std::string& yaml, Read read) {
  Given given(yaml);
  return usage_message([&] { read(given.section); });
}

}  // namespace

TEST_CASE("values are read with their types", "[config]") {
  Given given(
      "i: -3\np: +7\nr: 2.5e-3\nf: true\nw: two words\nn: [1, 2]\ns: [a, b]\nc: green\ne: []\n");
  Reader& section = given.section;
  CHECK(section.integer("i", {}) == -3);
  CHECK(section.integer("p", {}) == 7);
  CHECK(section.real("r", {}) == 2.5e-3);
  CHECK(section.flag("f", {}));
  CHECK(section.word("w", {}) == "two words");
  CHECK(section.integers("n", {}) == std::vector<std::int64_t>{1, 2});
  CHECK(section.words("s", {}) == std::vector<std::string>{"a", "b"});
  CHECK(section.choice<Colour>("c", {}, kColours) == Colour::green);
  CHECK(section.integers("e", {}).empty());
  section.finish();
}

TEST_CASE("what is absent or empty takes its default", "[config]") {
  Given given("empty:\n");
  Reader& section = given.section;
  CHECK(section.integer("empty", 4) == 4);
  CHECK(section.integer("i", 5) == 5);
  CHECK(section.real("r", 0.5) == 0.5);
  CHECK_FALSE(section.flag("f", false));
  CHECK(section.word("w", std::string("x")) == "x");
  CHECK(section.integers("n", std::vector<std::int64_t>{1}).size() == 1);
  CHECK(section.choice<Colour>("c", Colour::green, kColours) == Colour::green);
  CHECK_FALSE(section.has("empty"));
  CHECK(section.child("below").integer("i", 6) == 6);
  section.finish();
  Reader none(nullptr, "none");
  CHECK(none.integer("i", 7) == 7);
}

TEST_CASE("a missing key is refused by its full name", "[config]") {
  CHECK(refusal("train:\n  batch: 1\n", [](Reader& s) {
          s.child("train").integer("epochs", {}, {1, 9});
        }) == "t.yaml:1: 'train.epochs' is missing: expected a whole number in 1 to 9");
  CHECK_THAT(refusal("a: 1\n", [](Reader& s) { s.word("b", {}); }), Contains("'b' is missing"));
  CHECK_THAT(refusal("rate: 1\nepohcs: 2\n", [](Reader& s) { s.integer("epochs", {}); }),
             Contains("t.yaml:2: ") && Contains("unknown key 'epohcs'; did you mean 'epochs'?"));
}

TEST_CASE("wrong types are refused with place, key, found and expected", "[config]") {
  const auto integer = [](Reader& s) { s.integer("i", 1); };
  CHECK(refusal("x: 0\ni: two\n", integer) ==
        "t.yaml:2: wrong value of 'i': found 'two', expected a whole number");
  for (const char* wrong :
       {"1.5", "1e3", "0x10", "3 4", "[1]", "{a: 1}", "''", "+-5", "--5", "99999999999999999999"}) {
    INFO(wrong);
    CHECK_THAT(refusal(std::string("i: ") + wrong + "\n", integer),
               StartsWith("t.yaml:1: wrong value of 'i'"));
  }
  for (const char* wrong : {"x", ".nan", "nan", "inf", "1e999", "1,5", "[]"}) {
    INFO(wrong);
    CHECK_THAT(refusal(std::string("r: ") + wrong + "\n", [](Reader& s) { s.real("r", 1.0); }),
               StartsWith("t.yaml:1: wrong value of 'r'") && Contains("expected a number"));
  }
  for (const char* wrong : {"yes", "1", "True", "[true]"}) {
    INFO(wrong);
    CHECK_THAT(refusal(std::string("f: ") + wrong + "\n", [](Reader& s) { s.flag("f", true); }),
               Contains("wrong value of 'f'") && Contains("expected true or false"));
  }
  CHECK_THAT(refusal("w: [a]\n", [](Reader& s) { s.word("w", {}); }),
             Contains("found a list, expected a word"));
  CHECK_THAT(refusal("n: 5\n", [](Reader& s) { s.integers("n", {}); }),
             Contains("found '5', expected a list"));
  CHECK_THAT(refusal("n: [1, x]\n", [](Reader& s) { s.integers("n", {}); }),
             Contains("wrong value of 'n[1]'"));
  CHECK_THAT(refusal("n: [b, [a]]\n", [](Reader& s) { s.words("n", {}); }),
             Contains("wrong value of 'n[1]': found a list, expected a word"));
  CHECK_THAT(refusal("n: a\n", [](Reader& s) { s.words("n", {}); }),
             Contains("wrong value of 'n': found 'a', expected a list of words"));
  CHECK_THAT(refusal("train: 5\n", [](Reader& s) { s.child("train"); }),
             StartsWith("t.yaml:1: 'train' is not a map: found '5'"));
}

TEST_CASE("numbers out of range are refused with the range", "[config]") {
  const auto bits = [](Reader& s) { s.integer("bits", {}, {2, 8}); };
  CHECK(refusal("bits: 2\n", bits) == "not a usage error: no error");
  CHECK(refusal("bits: 8\n", bits) == "not a usage error: no error");
  for (const char* wrong : {"1", "9", "-3"}) {
    CHECK(refusal(std::string("bits: ") + wrong + "\n", bits) ==
          "t.yaml:1: wrong value of 'bits': found '" + std::string(wrong) +
              "', expected a whole number in 2 to 8");
  }
  CHECK_THAT(refusal("r: -0.1\n", [](Reader& s) { s.real("r", {}, {.low = 0}); }),
             Contains("a number of at least 0"));
  CHECK_THAT(refusal("r: 3\n", [](Reader& s) { s.real("r", {}, {.high = 2}); }),
             Contains("a number of at most 2"));
  const auto numbers = [](Reader& s) { s.integers("n", {}, {1, 5}); };
  CHECK_THAT(refusal("n: 3\n", numbers), Contains("a list, each a whole number in 1 to 5"));
  CHECK(refusal("n: [1,\n    0]\n", numbers) ==
        "t.yaml:2: wrong value of 'n[1]': found '0', expected a whole number in 1 to 5");
}

TEST_CASE("an unknown value of a choice is refused with the near one", "[config]") {
  const auto colour = [](Reader& s) { s.choice<Colour>("c", Colour::red, kColours); };
  CHECK(refusal("c: gren\n", colour) ==
        "t.yaml:1: unknown value of 'c': found 'gren', expected one of red, green; did you mean "
        "'green'?");
  CHECK(refusal("c: blue-black\n", colour) ==
        "t.yaml:1: unknown value of 'c': found 'blue-black', expected one of red, green");
}

TEST_CASE("unknown keys are refused with the near one", "[config]") {
  const auto read = [](Reader& s) {
    s.integer("epochs", 1);
    s.child("schedule").real("factor", 1.0);
    s.finish();
  };
  CHECK(refusal("epochs: 2\nepoch: 3\n", read) ==
        "t.yaml:2: unknown key 'epoch'; did you mean 'epochs'?");
  CHECK(refusal("schedule:\n  facto: 3\n", read) ==
        "t.yaml:2: unknown key 'schedule.facto'; did you mean 'factor'?");
  CHECK(refusal("zebra: 3\n", read) == "t.yaml:1: unknown key 'zebra'; known: epochs, schedule");
  CHECK(refusal("epochs: 2\nschedule: {factor: 0.5}\n", read) == "not a usage error: no error");
}

TEST_CASE("a refusal of a caller has the same form", "[config]") {
  CHECK(refusal("q:\n  bits: 3\n", [](Reader& s) {
          s.child("q").refuse("bits", "has no meaning here", "remove it");
        }) == "t.yaml:2: 'q.bits' has no meaning here: found '3'; remove it");
}

TEST_CASE("the canonical form has defaults, except those of later keys", "[config]") {
  const auto canonical = [](const std::string& yaml) {
    Given given(yaml);
    given.section.integer("epochs", 5);
    given.section.integer("later", 0, {}, Canonical::omit_default);
    given.section.choice<Colour>("colour", Colour::red, kColours);
    given.section.child("empty").integer("later", 0, {}, Canonical::omit_default);
    given.section.child("below").real("rate", 0.1);
    given.section.raw("note");
    return given.section.canonical().dump();
  };
  CHECK(canonical("") == R"({"below":{"rate":0.1},"colour":"red","epochs":5})");
  CHECK(canonical("later: 0\nepochs: 5\nnote: x\n") == canonical(""));
  CHECK(canonical("later: 1\n") == R"({"below":{"rate":0.1},"colour":"red","epochs":5,"later":1})");
  CHECK(canonical("empty: {later: 2}\n") != canonical(""));
  // What is written differently but means the same has the same form.
  CHECK(canonical("below: {rate: 1e-1}\nepochs: '+5'\ncolour: 'red'\n") == canonical(""));
}

TEST_CASE("a canonical form survives YAML", "[config]") {
  const nlohmann::json form = {
      {"number", 0.1},
      {"tiny", 1e-8},
      {"third", 1.0 / 3},
      {"large", 1e300},
      {"whole", -12345678901234567},
      {"flag", true},
      {"list", {1, 2, 3}},
      {"nothing", nlohmann::json::array()},
      {"text", "a: b # c"},
      {"empty", ""},
      {"lines", "one\ntwo"},
      {"below", {{"word", "null"}, {"quote", "it's \"x\""}}},
  };
  Given given(to_yaml(form));
  Reader& section = given.section;
  for (const char* key : {"number", "tiny", "third", "large"}) section.real(key, {});
  section.integer("whole", {});
  section.flag("flag", {});
  section.integers("list", {});
  section.integers("nothing", {});
  for (const char* key : {"text", "empty", "lines"}) section.word(key, {});
  section.child("below").word("word", {});
  section.child("below").word("quote", {});
  section.finish();
  CHECK(section.canonical() == form);
  CHECK(to_yaml(section.canonical()) == to_yaml(form));
}
