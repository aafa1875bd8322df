#include <catch2/catch.hpp>

#include "integration/workplace.hpp"

using namespace laq::integration;

namespace {

struct Wrong {
  std::vector<std::string> arguments;
  std::vector<std::string> message;  ///< what it must say
};

/// Each call must leave with 2, say why in one line, and make nothing.
void check_usage(const std::vector<Wrong>& calls) {
  const Workplace place;
  for (const auto& wrong : calls) {
    check_refusal(place.laq(wrong.arguments), 2, wrong.message);
    CHECK_FALSE(std::filesystem::exists(place / "results"));
  }
}

}  // namespace

TEST_CASE("a wrong command is refused") {
  check_usage({
      {{}, {"--help"}},
      {{"rnu", "tiny"}, {"rnu", "run"}},
      {{"data", "fecth"}, {"fecth", "fetch"}},
      {{"data"}, {"fetch", "list", "verify"}},
      {{"run"}, {"EXPERIMENT", "required"}},
      {{"sweep"}, {"SWEEP", "required"}},
      {{"quantize", "--method", "late"}, {"--weights", "required"}},
  });
}

TEST_CASE("a wrong option is refused") {
  check_usage({
      {{"run", "tiny", "--sed", "3"}, {"--sed", "--help"}},
      {{"run", "tiny", "--seed", "x"}, {"--seed", "x"}},
      {{"run", "tiny", "--seed", "-1"}, {"--seed", "-1"}},
      {{"run", "tiny", "--seed", "1.5"}, {"--seed", "1.5"}},
      {{"run", "tiny", "--seed", "9223372036854775808"}, {"--seed", "0 to 9223372036854775807"}},
      {{"run", "tiny", "--threads", "0"}, {"--threads", "0"}},
      {{"run", "tiny", "--threads", "3000000000"}, {"--threads", "1 to 2147483647"}},
      {{"sweep", "tiny", "--stale-after", "nan"}, {"--stale-after", "'nan'", "1 to 1000000"}},
      {{"sweep", "tiny", "--memory", "nan"}, {"--memory", "'nan'"}},
      {{"run", "tiny", "--device", "gpu"}, {"--device", "'gpu'", "cpu"}},
      {{"run", "tiny", "--device", "cuda:x"}, {"--device", "'cuda:x'", "cuda:N"}},
      {{"sweep", "tiny", "--device", "gpu"}, {"--device", "'gpu'", "cpu"}},
      {{"sweep", "tiny", "--jobs", "0"}, {"--jobs", "0", "1"}},
      {{"table", "tiny", "--format", "xml"}, {"--format", "xml", "latex"}},
  });
}

TEST_CASE("an empty value is refused, for every option that takes one") {
  check_usage({
      {{"run", "tiny", "--runs", ""}, {"--runs", "found ''"}},
      {{"run", "tiny", "--runs="}, {"--runs"}},
      {{"run", ""}, {"EXPERIMENT", "found ''"}},
      {{"run", "tiny", "--method", ""}, {"--method", "found ''"}},
      {{"run", "tiny", "--data-dir", ""}, {"--data-dir", "found ''"}},
      {{"--configs", "", "run", "tiny"}, {"--configs", "found ''"}},
      {{"sweep", "tiny", "--runs", ""}, {"--runs", "found ''"}},
      {{"sweep", "tiny", "--name", ""}, {"--name", "found ''"}},
      {{"sweep", "tiny", ""}, {"WORDS", "found ''"}},
      {{"table", "tiny", "--out", ""}, {"--out", "found ''"}},
      {{"claims", "tiny", "--out", ""}, {"--out", "found ''"}},
      {{"plot", "tiny", "--out", ""}, {"--out", "found ''"}},
      {{"report", "tiny", "--out", ""}, {"--out", "found ''"}},
      {{"status", ""}, {"DIR", "found ''"}},
      {{"sample", ""}, {"RUN", "found ''"}},
  });
  const Workplace place;
  Call call = place.call({"run", "tiny"});
  call.environment["LAQ_CONFIGS"] = "";
  check_done(run(call));
}

TEST_CASE("an unknown name is refused with the near one") {
  check_usage({
      {{"run", "mnits"}, {"configs/experiments", "'mnits'", "did you mean 'mnist'?"}},
      {{"run", "tiny", "--method", "lat2"}, {"configs/methods", "'lat2'", "did you mean 'lat2"}},
      {{"run", "tiny", "--profile", "qick"},
       {"configs/profiles", "'qick'", "did you mean 'quick'?"}},
      {{"sweep", "qiuck"}, {"configs/sweeps", "'qiuck'", "did you mean 'quick'?"}},
      {{"table", "tabel1"}, {"configs/sweeps", "'tabel1'", "did you mean 'table1'?"}},
      {{"data", "verify", "mnits"}, {"configs/datasets", "'mnits'", "did you mean 'mnist'?"}},
      {{"run", "zzzzzzzz"}, {"'zzzzzzzz'", "known: ", "fashion_mnist", "mnist"}},
      {{"--configs", "nowhere", "run", "mnist"}, {"nowhere", "--configs"}},
  });
}

TEST_CASE("a wrong key or value is refused") {
  check_usage({
      {{"run", "tiny", "train.epohcs=3"}, {"'train.epohcs'", "did you mean 'epochs'?"}},
      {{"run", "tiny", "quantiser.bits=3"}, {"'quantiser'", "did you mean 'quantizer'?"}},
      {{"run", "tiny", "train.epochs=many"}, {"'train.epochs'", "'many'", "whole number"}},
      {{"run", "tiny", "train.epochs=1.5"}, {"'train.epochs'", "'1.5'", "whole number"}},
      {{"run", "tiny", "train.epochs=-1"}, {"'train.epochs'", "'-1'", "0 to"}},
      {{"run", "tiny", "train.learning_rate=nan"}, {"'train.learning_rate'", "'nan'", "number"}},
      {{"run", "tiny", "train.adam.beta1=1.5"}, {"'train.adam.beta1'", "'1.5'", "0 to"}},
      {{"run", "tiny", "model.hidden=16"}, {"'model.hidden'", "'16'", "a list"}},
      {{"run", "tiny", "model.hidden=[16,0]"},
       {"'model.hidden[1]'", "'0'", "whole number in 1 to"}},
      {{"run", "tiny", "model.hidden=[16"}, {"model.hidden", "not valid YAML"}},
      {{"run", "tiny", "train=3"}, {"'train'", "'3'", "not a map"}},
      {{"run", "tiny", "train.loss=hinge"}, {"'train.loss'", "'hinge'", "squared_hinge"}},
      {{"run", "tiny", "train.epochs"}, {"'train.epochs'", "key=value"}},
      {{"run", "tiny", "=3"}, {"'=3'", "key=value"}},
      {{"sweep", "tiny", "method=laate"}, {"'laate'", "did you mean 'late'?"}},
      {{"sweep", "tiny", "seed=-1"}, {"seed", "'-1'"}},
      {{"sweep", "tiny", "quantizer.bits=range(3,1)"}, {"range(3,1)", "range(2,5)"}},
  });
}

TEST_CASE("a batch larger than the training part is refused") {
  check_usage({{{"run", "tiny", "train.batch=3000"}, {"train.batch", "3000", "at most 2000"}}});
}

TEST_CASE("axes that do not go together are refused") {
  const auto quantizer = [](const std::string& method, const std::vector<std::string>& words) {
    std::vector<std::string> arguments{"run", "tiny", "--method", method};
    for (const auto& word : words) arguments.push_back("quantizer." + word);
    return arguments;
  };
  check_usage({
      {quantizer("late", {"bits=3"}), {"'quantizer.bits'", "ternary", "'3'", "linear or log"}},
      {quantizer("lab", {"bits=1"}), {"'quantizer.bits'", "binary"}},
      {quantizer("full", {"bits=3"}), {"'quantizer.bits'", "levels: none", "remove it"}},
      {quantizer("full", {"solver=exact"}), {"'quantizer.solver'", "levels: none"}},
      {quantizer("late", {"scaling=unit"}),
       {"configs/methods/late.yaml:3", "'quantizer.curvature'", "scaling: unit", "none"}},
      {quantizer("binaryconnect", {"solver=alternating"}),
       {"'quantizer.solver'", "scaling: unit", "exact"}},
      {quantizer("laq3_linear", {"solver=heuristic"}),
       {"'quantizer.solver'", "ternary", "exact or alternating"}},
      {quantizer("twn", {"curvature=adam"}), {"'quantizer.solver'", "curvature", "none"}},
      {quantizer("late", {"levels=linear"}), {"'quantizer.bits'", "missing", "2 to 8"}},
      {quantizer("laq3_log", {"bits=9"}), {"'quantizer.bits'", "'9'", "2 to 8"}},
      {quantizer("laq3_log", {"bits=1"}), {"'quantizer.bits'", "'1'", "2 to 8"}},
      {quantizer("ttq", {"levels=ternary"}), {"'quantizer.levels'", "unknown key"}},
      {quantizer("dorefa3", {"solver=exact"}), {"'quantizer.solver'", "unknown key"}},
      {quantizer("late", {"alpha_rule=released"}), {"'quantizer.alpha_rule'", "linear and log"}},
      {quantizer("laq3_log", {"solver=exact", "alpha_rule=released"}),
       {"'quantizer.alpha_rule'", "alternating"}},
      {quantizer("laq3_log", {"scaling=asymmetric", "alpha_rule=released"}),
       {"'quantizer.alpha_rule'", "one scale", "symmetric"}},
      {quantizer("laq3_log_released", {"solver=exact"}),
       {"configs/methods/laq3_log_released.yaml:4", "'quantizer.alpha_rule'"}},
      {quantizer("full", {"alpha_rule=released"}), {"'quantizer.alpha_rule'", "levels: none"}},
      {quantizer("dorefa3", {"gradient=sigmoid"}),
       {"'quantizer.gradient'", "'sigmoid'", "straight_through, tanh"}},
      {quantizer("ttq", {"scale_rate=-1"}), {"'quantizer.scale_rate'", "'-1'"}},
      {quantizer("late", {"levels=ternery"}), {"'ternery'", "did you mean 'ternary'?"}},
      {quantizer("late", {"group=column"}), {"'quantizer.group'", "'column'", "tensor, row"}},
      {quantizer("late", {"rule=dorfa"}), {"'quantizer.rule'", "did you mean 'dorefa'?"}},
  });
}
