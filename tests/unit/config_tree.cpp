#include "config/tree.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::config;
using namespace laq::test;

namespace {

std::string text_at(const Tree& tree, const std::string& path) {
  const Tree* found = tree.find(path);
  if (!found) return "absent";
  return found->scalar() ? *found->scalar() : found->description();
}

Tree merged(const std::string& below, const std::string& above) {
  Tree tree = parse_yaml(below, "below.yaml");
  merge(tree, parse_yaml(above, "above.yaml"));
  return tree;
}

}  // namespace

TEST_CASE("YAML becomes a tree with places", "[config]") {
  const Tree tree = parse_yaml("a: 1\nb:\n  c: [x, 'y z']\n  d:\n", "t.yaml");
  CHECK(text_at(tree, "a") == "1");
  CHECK(text_at(tree, "b") == "a map");
  CHECK(text_at(tree, "b.c") == "a list");
  CHECK(*tree.find("b.c")->list()->at(1).scalar() == "y z");
  CHECK(text_at(tree, "b.c.1") == "y z");
  CHECK(tree.find("b.c.2") == nullptr);
  CHECK(tree.find("b.c.x") == nullptr);
  CHECK(text_at(tree, "b.d") == "nothing");
  CHECK(tree.find("b.e") == nullptr);
  CHECK(tree.find("a.e") == nullptr);
  CHECK(tree.find("a")->place == "t.yaml:1");
  CHECK(tree.find("b.c")->place == "t.yaml:3");
  CHECK(tree.find("a")->description() == "'1'");
  CHECK(parse_yaml("", "t.yaml").empty());
}

TEST_CASE("YAML errors name file and line", "[config]") {
  CHECK_THAT(usage_message([] { parse_yaml("a: 1\nb: [1, 2\nc: 3\n", "t.yaml"); }),
             StartsWith("t.yaml:3: not valid YAML"));
  CHECK_THAT(usage_message([] { parse_yaml("a: 1\nb: 2\na: 3\n", "t.yaml"); }),
             StartsWith("t.yaml:3: key 'a' is given twice"));
  CHECK_THAT(usage_message([] { parse_yaml("a:\n  b: 1\n  b: 2\n", "t.yaml"); }),
             StartsWith("t.yaml:3: key 'b' is given twice"));
  CHECK_THAT(usage_message([] { parse_yaml("a: 1\n[x, y]: 2\n", "t.yaml"); }),
             StartsWith("t.yaml:2: a key is not a word"));
  CHECK_THAT(usage_message([] { parse_yaml(std::string(100, '['), "t.yaml"); }),
             StartsWith("t.yaml:1: "));
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  CHECK_THAT(usage_message([&] { parse_yaml(deep, "t.yaml"); }), Contains("nested too deeply"));
}

TEST_CASE("a second YAML document is refused", "[config]") {
  for (const char* two : {"a: 1\n---\nb: 2\n", "a: 1\n...\nb: 2\n", "---\na: 1\n---\na: 2\n"}) {
    INFO(two);
    CHECK_THAT(usage_message([&] { parse_yaml(two, "t.yaml"); }),
               Contains("a second YAML document begins here: found 2 documents, expected one"));
  }
  CHECK_THAT(usage_message([] { parse_yaml("a: 1\n---\nb: 2\n", "t.yaml"); }),
             StartsWith("t.yaml:3: "));
  CHECK_THAT(usage_message([] { parse_override("a=1\n---\n2"); }),
             Contains("command line (a)") && Contains("a second YAML document"));
  // Broken texts come to an end.
  for (const char* broken : {"]", "a: 1\n]", "[1, 2", "}", "a: [1,,", "- ]", "--- ]\n--- ]"}) {
    try {
      parse_yaml(broken, "t.yaml");
    } catch (const Error& error) {
      CHECK(error.kind() == Error::Kind::usage);
    }
  }
  for (const char* one : {"---\na: 1\n", "# c\n---\na: 1\n", "a: 1\n---\n", "a: 1\n...\n"})
    CHECK(text_at(parse_yaml(one, "t.yaml"), "a") == "1");
}

TEST_CASE("a YAML file is read and its name is in every error", "[config]") {
  const Scratch folder;
  const auto good = folder.write("good.yaml", "a: 1\n");
  CHECK(text_at(load_yaml(good), "a") == "1");
  CHECK(load_yaml(folder / "./good.yaml").find("a")->place == good.string() + ":1");
  const auto bad = folder.write("bad.yaml", "a: 1\nb: }\n");
  CHECK_THAT(usage_message([&] { load_yaml(bad); }),
             StartsWith(bad.string() + ":2: not valid YAML"));
  CHECK_THAT(usage_message([&] { load_yaml(folder / "absent.yaml"); }),
             Contains("absent.yaml: cannot read: No such file"));
  CHECK_THAT(usage_message([&] { load_yaml(folder.path()); }), Contains("is a folder"));
}

TEST_CASE("maps are merged key by key and anything else is replaced", "[config]") {
  const Tree tree = merged("a: 1\nb: {x: 1, y: 2}\nc: [1, 2]\nd: {x: 1}\n",
                           "a: 5\nb: {y: 3, z: 4}\nc: [9]\nd: 7\n");
  CHECK(text_at(tree, "a") == "5");
  CHECK(text_at(tree, "b.x") == "1");
  CHECK(text_at(tree, "b.y") == "3");
  CHECK(text_at(tree, "b.z") == "4");
  CHECK(tree.find("c")->list()->size() == 1);
  CHECK(text_at(tree, "d") == "7");
  CHECK(tree.find("a")->place == "above.yaml:1");
  CHECK(tree.find("b.x")->place == "below.yaml:2");
}

TEST_CASE("an empty value changes nothing", "[config]") {
  CHECK(text_at(merged("a: {x: 1}\n", "a:\n"), "a.x") == "1");
  CHECK(text_at(merged("a: {x: 1}\n", ""), "a.x") == "1");
  CHECK(text_at(merged("", "a: {x: 1}\n"), "a.x") == "1");
  CHECK(text_at(merged("a:\n", "a: {x: 1}\n"), "a.x") == "1");
}

TEST_CASE("overrides are key=value with YAML values", "[config]") {
  const Override number = parse_override("train.epochs=5");
  CHECK(number.key == "train.epochs");
  CHECK(*number.value.scalar() == "5");
  CHECK(number.text == "train.epochs=5");
  CHECK(number.value.place == "command line (train.epochs)");
  CHECK(parse_override("model.layers[3].conv.kernel=5").key == "model.layers.3.conv.kernel");
  const Override list = parse_override("model.hidden=[512, 256]");
  REQUIRE(list.value.list());
  CHECK(*list.value.list()->at(1).scalar() == "256");
  CHECK(list.value.list()->at(1).place == "command line (model.hidden)");
  CHECK(parse_override("quantizer={levels: binary}").value.map());
  CHECK(*parse_override("title=a=b").value.scalar() == "a=b");
  CHECK(parse_override("title=").value.scalar()->empty());
  for (const char* word : {"train.epochs", "=5", "", "train epochs=5"}) {
    CHECK_THAT(usage_message([&] { parse_override(word); }),
               Contains("is not an override") && Contains("'" + std::string(word) + "'"));
  }
  CHECK_THAT(usage_message([] { parse_override("a=[1"); }),
             Contains("command line") && Contains("not valid YAML"));
}

TEST_CASE("an override makes the maps on its way and goes through no scalar", "[config]") {
  Tree tree = parse_yaml("a: {b: 1}\n", "t.yaml");
  tree.at("a.c") = parse_override("a.c=2").value;
  tree.at("d.e.f") = parse_override("d.e.f=3").value;
  CHECK(text_at(tree, "a.b") == "1");
  CHECK(text_at(tree, "a.c") == "2");
  CHECK(text_at(tree, "d.e.f") == "3");
  CHECK_THAT(usage_message([&] { tree.at("a.b.c"); }),
             StartsWith("t.yaml:1: 'a.b.c' has no keys below it: found '1'"));
}
