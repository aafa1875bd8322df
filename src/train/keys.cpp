#include "train/keys.hpp"

#include <algorithm>
#include <map>

#include "core/error.hpp"
#include "train/experiment.hpp"

namespace laq::train {
namespace {

struct Meaning {
  std::string text;
  std::string fallback = {};  // where the default follows from something else
};

const std::map<std::string, Meaning>& meanings() {
  static const std::map<std::string, Meaning> all = {
      {"checkpoint.every_seconds",
       {"Checkpoints within an epoch, so many seconds apart; 0: none. Changes no outcome"}},
      {"checkpoint.every_steps",
       {"Checkpoints within an epoch, so many steps apart; 0: none. Changes no outcome"}},
      {"data.augment.crop",
       {"Pictures: training pictures get so many zeros around them and are cut to size at random"}},
      {"data.augment.flip", {"Pictures: every second training picture, at random, is mirrored"}},
      {"data.characters", {"Text: only the first so many characters; 0: all"}},
      {"data.train_limit", {"Pictures and tables: only the first so many training rows; 0: all"}},
      {"data.validation_limit",
       {"Pictures and tables: only the first so many validation rows; 0: all"}},
      {"dataset", {"The data: a name below configs/datasets"}},
      {"model.dense", {"vgg: units of each hidden dense layer"}},
      {"model.hidden", {"mlp: units of each hidden layer"}},
      {"model.init",
       {"Half-width of the initial uniform weights: sqrt(1.5 / fans), or sqrt(6 / fans) of "
        "Glorot; char_lstm has its own"}},
      {"model.kind", {"The network: those of the papers, or a list of layers"}},
      {"model.layers[].average_pool.size",
       {"Side of the window whose mean is taken; all: the whole picture"}},
      {"model.layers[].average_pool.stride", {"Pixels between windows", "size"}},
      {"model.layers[].batch_norm.epsilon", {"Added to the variance"}},
      {"model.layers[].batch_norm.momentum", {"Weight of a batch in the running averages"}},
      {"model.layers[].conv.bias", {"Whether there is a bias"}},
      {"model.layers[].conv.channels", {"Output channels; outputs: as many as classes"}},
      {"model.layers[].conv.groups", {"Groups of channels that are convolved apart"}},
      {"model.layers[].conv.kernel", {"Side of the window"}},
      {"model.layers[].conv.padding", {"Zeros around the picture, on each side"}},
      {"model.layers[].conv.stride", {"Pixels between windows"}},
      {"model.layers[].dense.bias", {"Whether there is a bias"}},
      {"model.layers[].dense.units", {"Units; outputs: classes, or of text its vocabulary"}},
      {"model.layers[].dropout.rate", {"Share of the values that are 0 in a training step"}},
      {"model.layers[].embedding.units", {"Numbers that stand for a character"}},
      {"model.layers[].gru.norm", {"Layer normalisation of the gates' two products"}},
      {"model.layers[].gru.units", {"Units"}},
      {"model.layers[].layer_norm.epsilon", {"Added to the variance"}},
      {"model.layers[].lstm.norm", {"Layer normalisation of the gates' two products"}},
      {"model.layers[].lstm.units", {"Units"}},
      {"model.layers[].max_pool.size", {"Side of the window whose largest value is taken"}},
      {"model.layers[].max_pool.stride", {"Pixels between windows", "size"}},
      {"model.layers[].repeat.times", {"How often its layers follow each other"}},
      {"model.layers[].residual.group", {"shortcut conv: of its convolution; as of any layer"}},
      {"model.layers[].residual.quantize",
       {"shortcut conv: false: its convolution stays in full precision"}},
      {"model.layers[].residual.shortcut",
       {"What is added to the layers' output: the input, or its 1 x 1 convolution and batch norm"}},
      {"model.norm", {"char_lstm: layer normalisation of the gates' two products"}},
      {"model.output_norm", {"mlp, vgg: whether batch norm follows the output layer"}},
      {"model.units", {"char_lstm: units"}},
      {"model.width", {"vgg: channels of the first two convolutions"}},
      {"model.width_factor", {"layers: a factor on all units and channels but the outputs"}},
      {"quantizer.alpha_rule", {"The scale in each alternation: the minimiser, or as released"}},
      {"quantizer.bits", {"Bits of a weight (linear and log levels, DoReFa-Net, LSQ, LQ-Nets)"}},
      {"quantizer.curvature",
       {"What weighs the errors: the root of Adam's second moment, its square, or nothing"}},
      {"quantizer.discrete_from",
       {"relaxation: share of the steps after which the weights have the levels alone"}},
      {"quantizer.gradient", {"dorefa: through the rounding alone, or through tanh as well"}},
      {"quantizer.group", {"Which weights share a scale: a tensor's (or gate's), or a row's"}},
      {"quantizer.levels", {"Values of a weight before scaling; none: full precision"}},
      {"quantizer.penalty", {"proxquant: the distance from the levels that is penalised"}},
      {"quantizer.relaxation", {"How the weights come to their levels by and by; none: at once"}},
      {"quantizer.rule", {"The kind of method"}},
      {"quantizer.scale_rate", {"Learned scales (ttq, lsq, seq): a factor on their learning rate"}},
      {"quantizer.scaling", {"No scale, one, or one for each sign"}},
      {"quantizer.solver", {"How levels and scale are found"}},
      {"quantizer.steepness", {"parq: of the sigmoid along which the slopes grow"}},
      {"quantizer.strength",
       {"binary_relax, proxquant: weight of the penalty where the discrete phase begins",
        "50 or 0.04"}},
      {"quantizer.threshold", {"ttq: weights below this share of the largest become 0"}},
      {"quantizer.weight_decay", {"ttq: L2 penalty on the latent weights"}},
      {"record.best", {"Whether best.h5 is kept. Changes no outcome"}},
      {"record.steps", {"Whether run.h5 has the loss of every step. Changes no outcome"}},
      {"train.adam.beta1", {"Decay of the first moment"}},
      {"train.adam.beta2",
       {"Decay of the second moment, which is also the curvature; with SGD it is only that"}},
      {"train.adam.epsilon", {"Added to the root of the second moment"}},
      {"train.batch", {"Pictures, rows or segments of text in a step"}},
      {"train.clip_gradient",
       {"Bound of the gradients' elements, before those of learned scales are summed; 0: none"}},
      {"train.clip_gradient_at",
       {"Where: of the parameters, or of a recurrent network's gates at each time step"}},
      {"train.clip_weights", {"Bound of the latent weights; full precision has none"}},
      {"train.epochs", {"Passes over the training part"}},
      {"train.learning_rate", {"Of the first epoch"}},
      {"train.loss", {"What is minimised; of text always cross_entropy"}},
      {"train.max_steps", {"Stop after so many steps; 0: never"}},
      {"train.optimizer", {"What moves the latent weights"}},
      {"train.schedule.after", {"Epochs before the drops of every begin"}},
      {"train.schedule.at", {"Epochs at whose end the rate is multiplied by factor"}},
      {"train.schedule.every", {"The same after every so many epochs; 0: never"}},
      {"train.schedule.factor", {"What the rate is multiplied by"}},
      {"train.schedule.of",
       {"Epochs that at was made for; a shorter run has its drops sooner", "train.epochs"}},
      {"train.schedule.shape",
       {"By steps, or down to 0 as half a cosine, which has no other keys"}},
      {"train.sgd.momentum", {"sgd: of the gradients' running sum"}},
      {"train.time_steps", {"Text: characters in a segment"}},
      {"train.weight_decay", {"L2 penalty on every parameter but learned scales"}}};
  return all;
}

// The same for every layer with weights.
std::string meaning_by_name(const std::string& path) {
  if (!path.starts_with("model.layers[].")) return "";
  if (path.ends_with(".quantize")) return "false: its weights stay in full precision";
  if (path.ends_with(".group"))
    return "Which of its weights share a scale; quantizer: as quantizer.group says";
  return "";
}

std::string text_of(const config::KeyFacts& facts, const Meaning* meaning) {
  if (meaning && !meaning->fallback.empty()) return meaning->fallback;
  if (facts.fallback.is_null()) return "required";
  return facts.fallback.is_string() ? facts.fallback.get<std::string>() : facts.fallback.dump();
}

// Methods read a key with bounds of their own: "a number in 1 to 8 or 2 to 3".
void add_reading(config::KeyFacts& facts, const config::KeyFacts& other) {
  facts.outcome = facts.outcome || other.outcome;
  const std::size_t in = other.expected.find(" in ");
  const std::string kind = in == std::string::npos ? "" : other.expected.substr(0, in + 4);
  const bool same_kind = facts.expected.starts_with(kind);
  const std::string more = same_kind ? other.expected.substr(kind.size()) : other.expected;
  if (facts.expected.find(more) == std::string::npos) facts.expected += " or " + more;
}

// Between them these and the methods read every key there is.
std::vector<config::KeyFacts> facts_of_all(const std::filesystem::path& configs) {
  struct Case {
    std::string experiment, method;
    std::vector<const char*> words;
  };
  std::vector<Case> cases = {
      {"mnist", "laq3_linear", {}},
      {"mnist", "ttq", {"train.optimizer=sgd"}},
      {"cifar10", "full", {}},
      {"war_and_peace", "late", {}},
      {"mnist",
       "late",
       {"model={kind: layers, layers: [conv: 4, max_pool: 2, average_pool: 2, batch_norm, "
        "layer_norm, dropout: 0.1, {residual: [relu]}, {repeat: {times: 1, layers: [tanh]}}, "
        "flatten, dense: 5, dense: outputs]}"}},
      {"war_and_peace",
       "late",
       {"model={kind: layers, layers: [embedding: 4, lstm: 4, gru: 4, dense: outputs]}"}}};
  for (const auto& method : config::names_in(configs, "methods"))
    cases.push_back({"mnist", method, {}});
  std::vector<config::KeyFacts> all;
  for (const Case& one : cases) {
    RunRequest request{one.experiment, one.method, "paper", 1, {}};
    for (const char* word : one.words) request.overrides.push_back(config::parse_override(word));
    for (auto& facts : resolve(configs, request).keys) all.push_back(std::move(facts));
  }
  return all;
}

}  // namespace

std::vector<Key> keys_of(const std::vector<config::KeyFacts>& facts) {
  std::map<std::string, Key> keys;
  for (const config::KeyFacts& one : facts) {
    // A layer within a layer has the keys of any other.
    std::string path = one.path;
    for (const char* outer : {"residual.layers[].", "repeat.layers[]."}) {
      for (auto at = path.find(outer); at != std::string::npos; at = path.find(outer))
        path.erase(at, std::string(outer).size());
    }
    if (const auto known = keys.find(path); known != keys.end()) {
      add_reading(known->second.facts, one);
      continue;
    }
    const auto found = meanings().find(path);
    const Meaning* meaning = found == meanings().end() ? nullptr : &found->second;
    Key key{one, meaning ? meaning->text : meaning_by_name(path), text_of(one, meaning)};
    if (key.meaning.empty()) throw Error({.what = "a key has no line of meaning", .where = path});
    key.facts.path = path;
    keys[path] = std::move(key);
  }
  std::vector<Key> sorted;
  for (auto& [path, key] : keys) sorted.push_back(std::move(key));
  return sorted;
}

std::vector<Key> all_keys(const std::filesystem::path& configs) {
  return keys_of(facts_of_all(configs));
}

std::vector<std::string> meanings_without_key(const std::filesystem::path& configs) {
  std::vector<std::string> missing;
  const auto keys = all_keys(configs);
  for (const auto& [path, meaning] : meanings()) {
    const bool there = std::any_of(keys.begin(), keys.end(), [&, &named = path](const Key& key) {
      return key.facts.path == named;
    });
    if (!there) missing.push_back(path);
  }
  return missing;
}

}  // namespace laq::train
