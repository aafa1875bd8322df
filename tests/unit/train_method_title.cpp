#include "support/scratch.hpp"
#include "train/experiment.hpp"
#include "train/method_title.hpp"

using namespace laq;
using namespace laq::test;
using namespace laq::train;

namespace {

std::string title(const std::string& method, const std::vector<std::string>& words = {},
                  const std::string& experiment = "mnist") {
  RunRequest request{experiment, method, "quick", 1, {}};
  for (const auto& word : words) request.overrides.push_back(config::parse_override(word));
  return resolve(project_configs(), request).method_title;
}

}  // namespace

TEST_CASE("a method that runs as its file says has its file's title", "[train]") {
  for (const auto& method : config::names_in(project_configs(), "methods")) {
    INFO(method);
    CHECK(title(method) == method_title(project_configs(), method));
    CHECK(title(method).find_first_of("{}") == std::string::npos);
    CHECK(title(method, {"train.epochs=1", "model.init=glorot"}) == title(method));
  }
  CHECK(title("late") == "LATe");
  CHECK(title("laq4_log") == "LAQ log (4 bits)");
  CHECK(title("dorefa3") == "DoReFa-Net (3 bits)");
  CHECK(title("late", {"quantizer.group=tensor"}) == "LATe");  // said in other words
}

TEST_CASE("a title tells what of its quantizer a run has otherwise than the file", "[train]") {
  CHECK(title("laq3_linear", {"quantizer.bits=4"}) == "LAQ linear (4 bits)");
  CHECK(title("laq3_linear", {"quantizer.levels=log", "quantizer.bits=2"}) == "LAQ log (2 bits)");
  CHECK(title("laq3_log", {"quantizer.scaling=asymmetric", "quantizer.solver=exact"}) ==
        "LAQ log (3 bits), scaling asymmetric, solver exact");
  CHECK(title("laq3_log", {"quantizer.curvature=none"}) == "LAQ log (3 bits), curvature none");
  CHECK(title("lata", {"quantizer.solver=exact"}) == "LATa, solver exact");
  CHECK(title("late", {"quantizer.group=row"}) == "LATe, group row");
  CHECK(title("late", {"quantizer.levels=log", "quantizer.bits=3"}) == "LATe, bits 3, levels log");
  CHECK(title("ttq", {"quantizer.threshold=0.1"}) == "TTQ, threshold 0.1");
  CHECK(title("dorefa3", {"quantizer.bits=2"}) == "DoReFa-Net (2 bits)");
  CHECK(title("late", {"quantizer={rule: dorefa, bits: 3}"}) == "LATe, bits 3, rule dorefa");
  // A title that names what the run does not have stays as it is, and the rest is said.
  CHECK(title("laq3_linear", {"quantizer={levels: ternary}"}) ==
        "LAQ linear (3 bits), no bits, levels ternary, solver exact");
}

TEST_CASE("titles of own files", "[train]") {
  const Scratch folder;
  const auto method = [&](const std::string& yaml) {
    return folder.write("mine.yaml", yaml).string();
  };
  const std::string own = method("title: Mine {x} {solver}{\nquantizer: {levels: ternary}\n");
  CHECK(title(own) == "Mine {x} exact{");
  CHECK(title(own, {"quantizer.solver=alternating"}) == "Mine {x} alternating{");
  // A file that is not whole by itself.
  const std::string part = method("title: '{bits} bits of {levels}'\nquantizer: {levels: log}\n");
  CHECK(title(part, {"quantizer.bits=5"}) == "5 bits of log");
  CHECK(title(part, {"quantizer.bits=5", "quantizer.levels=linear"}) == "5 bits of linear");
  // An experiment's own quantizer is told too.
  const std::string rows =
      folder.write("rows.yaml", "extends: [experiments/mnist]\nquantizer: {group: row}\n").string();
  CHECK(title("late", {}, rows) == "LATe, group row");
}

TEST_CASE("which keys titles tell", "[train]") {
  CHECK(is_told_by_title("quantizer.bits"));
  CHECK(is_told_by_title("quantizer"));
  CHECK_FALSE(is_told_by_title("model.width"));
  CHECK_FALSE(is_told_by_title("quantizers.x"));
}
