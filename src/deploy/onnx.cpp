#include <onnx/onnx_pb.h>

#include <map>

#include "core/error.hpp"
#include "core/files.hpp"
#include "deploy/export.hpp"
#include "record/provenance.hpp"

namespace laq::deploy {
namespace {

using Json = Network::Json;

constexpr std::int64_t kOperators = 13;  // the version of ONNX's operators
constexpr std::int64_t kFormat = 7;      // and of its files

/// An ONNX graph that grows layer by layer: `at` is the value that the next one reads.
class Graph {
 public:
  Graph(const Trained& trained, const Network& network) {
    for (const auto& [name, in_run] : network.weights) {
      const auto found = trained.quantized.find(in_run);
      tensors_[name] =
          found != trained.quantized.end() ? found->second.values() : trained.floats.at(in_run);
    }
    for (const auto& [name, values] : network.vectors) tensors_[name] = {{values.size()}, values};
    model_.set_ir_version(kFormat);
    model_.set_producer_name("laq");
    model_.set_producer_version(std::string(record::version()));
    model_.add_opset_import()->set_version(kOperators);
    graph_ = model_.mutable_graph();
    graph_->set_name(trained.identity.experiment + " " + trained.identity.method);
    if (network.input.at("kind") == "characters") {
      value(graph_->add_input(), "input", {"steps", "batch", ""}, network.outputs);
    } else {
      auto* input = graph_->add_input();
      value(input, "input", {"batch"}, 0);
      for (const char* size : {"channels", "height", "width"})
        dimension(input)->set_dim_value(network.input.at(size).get<std::int64_t>());
    }
    for (const auto& layer : network.layers) add(layer);
    graph_->mutable_node(graph_->node_size() - 1)->set_output(0, "output");
    if (recurrent_) {
      value(graph_->add_output(), "output", {"steps", "batch", ""}, network.outputs);
    } else {
      value(graph_->add_output(), "output", {"batch", ""}, network.outputs);
    }
  }

  Exported write(const std::filesystem::path& file) const {
    Exported exported;
    exported.rest = bytes_;
    const std::string content = model_.SerializeAsString();
    replace_file(file, content);
    exported.file = content.size();
    return exported;
  }

 private:
  static onnx::TensorShapeProto_Dimension* dimension(onnx::ValueInfoProto* of) {
    return of->mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim();
  }
  // Named sizes are open; "" is `size`.
  static void value(onnx::ValueInfoProto* of, const std::string& name,
                    const std::vector<std::string>& sizes, std::size_t size) {
    of->set_name(name);
    of->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
    for (const auto& one : sizes) {
      if (one.empty()) {
        dimension(of)->set_dim_value(static_cast<std::int64_t>(size));
      } else {
        dimension(of)->set_dim_param(one);
      }
    }
  }

  void add(const Json& layer) {
    static const std::map<std::string, void (Graph::*)(const Json&)> known = {
        {"dense", &Graph::dense},       {"conv", &Graph::conv},
        {"max_pool", &Graph::pool},     {"mean_pool", &Graph::pool},
        {"scale_shift", &Graph::shift}, {"relu", &Graph::relu},
        {"tanh", &Graph::tanh},         {"hardtanh", &Graph::hardtanh},
        {"flatten", &Graph::flatten},   {"residual", &Graph::residual},
        {"one_hot", &Graph::one_hot},   {"embedding", &Graph::embedding},
        {"lstm", &Graph::lstm},         {"gru", &Graph::gru}};
    const std::string kind = layer.at("kind").get<std::string>();
    const auto found = known.find(kind);
    if (found == known.end()) unknown("'" + kind + "'");
    (this->*found->second)(layer);
  }

  [[noreturn]] static void unknown(const std::string& what) {
    throw Error({.what = "a layer cannot be exported to ONNX",
                 .found = what,
                 .advice = "leave out --format onnx: the packed format has it"});
  }

  onnx::NodeProto* node(const char* type, const std::vector<std::string>& inputs) {
    onnx::NodeProto* made = graph_->add_node();
    made->set_op_type(type);
    for (const auto& input : inputs) made->add_input(input);
    at_ = "value" + std::to_string(graph_->node_size());
    made->add_output(at_);
    return made;
  }
  static void whole(onnx::NodeProto* of, const char* name, std::int64_t value) {
    auto* attribute = of->add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(value);
  }
  static void wholes(onnx::NodeProto* of, const char* name,
                     const std::vector<std::int64_t>& values) {
    auto* attribute = of->add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t one : values) attribute->add_ints(one);
  }

  std::string tensor(const std::string& name, const record::Shape& shape,
                     const std::vector<float>& values) {
    onnx::TensorProto* made = graph_->add_initializer();
    made->set_name(name);
    made->set_data_type(onnx::TensorProto::FLOAT);
    for (const std::size_t size : shape) made->add_dims(static_cast<std::int64_t>(size));
    made->set_raw_data(values.data(), values.size() * sizeof(float));
    bytes_ += values.size() * sizeof(float);
    return name;
  }
  std::string tensor(const std::string& name) {
    const FloatTensor& found = tensors_.at(name);
    return tensor(name, found.shape, found.values);
  }
  /// For each channel of a map or each unit.
  std::string by_channel(const std::string& name) {
    const FloatTensor& found = tensors_.at(name);
    record::Shape shape{found.values.size()};
    if (map_) shape = {found.values.size(), 1, 1};
    return tensor(name, shape, found.values);
  }
  std::string whole_tensor(const std::string& name, const std::vector<std::int64_t>& values) {
    onnx::TensorProto* made = graph_->add_initializer();
    made->set_name(name);
    made->set_data_type(onnx::TensorProto::INT64);
    made->add_dims(static_cast<std::int64_t>(values.size()));
    for (const std::int64_t one : values) made->add_int64_data(one);
    return name;
  }

  void dense(const Json& layer) {
    const std::string name = layer.at("name").get<std::string>();
    const bool bias = tensors_.contains(name + ".bias");
    if (recurrent_) {  // steps × batch × units: no Gemm
      const FloatTensor& weight = tensors_.at(name + ".weight");
      const std::size_t rows = weight.shape.at(0), columns = weight.shape.at(1);
      std::vector<float> turned(weight.values.size());
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < columns; ++c)
          turned[c * rows + r] = weight.values[r * columns + c];
      }
      node("MatMul", {at_, tensor(name + ".weight", {columns, rows}, turned)});
      if (bias) node("Add", {at_, tensor(name + ".bias")});
      return;
    }
    std::vector<std::string> inputs{at_, tensor(name + ".weight")};
    if (bias) inputs.push_back(tensor(name + ".bias"));
    whole(node("Gemm", inputs), "transB", 1);
  }

  void conv(const Json& layer) {
    const std::string name = layer.at("name").get<std::string>();
    std::vector<std::string> inputs{at_, tensor(name + ".weight")};
    if (tensors_.contains(name + ".bias")) inputs.push_back(tensor(name + ".bias"));
    onnx::NodeProto* made = node("Conv", inputs);
    const std::int64_t kernel = layer.at("kernel"), stride = layer.value("stride", 1),
                       padding = layer.value("padding", 0);
    wholes(made, "kernel_shape", {kernel, kernel});
    wholes(made, "strides", {stride, stride});
    wholes(made, "pads", {padding, padding, padding, padding});
    whole(made, "group", layer.value("groups", 1));
  }

  void pool(const Json& layer) {
    if (!layer.contains("window")) {
      node("GlobalAveragePool", {at_});
      return;
    }
    const std::int64_t window = layer.at("window"), stride = layer.value("stride", window);
    onnx::NodeProto* made = node(layer.at("kind") == "max_pool" ? "MaxPool" : "AveragePool", {at_});
    wholes(made, "kernel_shape", {window, window});
    wholes(made, "strides", {stride, stride});
  }

  void shift(const Json& layer) {
    const std::string name = layer.at("name").get<std::string>();
    node("Mul", {at_, by_channel(name + ".multiply")});
    node("Add", {at_, by_channel(name + ".add")});
  }

  void relu(const Json&) { node("Relu", {at_}); }
  void tanh(const Json&) { node("Tanh", {at_}); }
  void flatten(const Json&) {
    whole(node("Flatten", {at_}), "axis", 1);
    map_ = false;
  }
  void hardtanh(const Json&) {
    if (!bounded_) {
      tensor("minus one", {}, {-1});
      tensor("one", {}, {1});
      bounded_ = true;
    }
    node("Clip", {at_, "minus one", "one"});
  }
  void one_hot(const Json&) {
    recurrent_ = true;
    map_ = false;
  }
  // Its input is one-hot, too.
  void embedding(const Json& layer) {
    one_hot(layer);
    node("MatMul", {at_, tensor(layer.at("name").get<std::string>() + ".weight")});
  }

  void residual(const Json& layer) {
    const std::string from = at_;
    for (const auto& one : layer.at("layers")) add(one);
    const std::string body = at_;
    at_ = from;
    if (layer.contains("shortcut")) {
      for (const auto& one : layer.at("shortcut")) add(one);
    }
    node("Add", {body, at_});
  }

  // The gates in ONNX's order.
  FloatTensor reordered(const std::string& name, const std::vector<std::ptrdiff_t>& gates) {
    const FloatTensor& found = tensors_.at(name);
    FloatTensor out{found.shape, {}};
    const std::size_t block = found.values.size() / gates.size();
    for (const std::ptrdiff_t gate : gates) {
      const auto first = found.values.begin() + gate * static_cast<std::ptrdiff_t>(block);
      out.values.insert(out.values.end(), first, first + static_cast<std::ptrdiff_t>(block));
    }
    out.shape.insert(out.shape.begin(), 1);  // the direction
    return out;
  }

  // `biases`: of the input and, where there are two, of the state.
  onnx::NodeProto* recurrent(const char* type, const Json& layer,
                             const std::vector<std::ptrdiff_t>& gates,
                             const std::vector<std::string>& biases) {
    const std::string name = layer.at("name").get<std::string>();
    if (tensors_.contains(name + ".gain_ih")) unknown("layer normalisation of '" + name + "'");
    std::vector<std::string> inputs{at_};
    for (const std::string matrix : {".weight_ih", ".weight_hh"}) {
      const FloatTensor made = reordered(name + matrix, gates);
      inputs.push_back(tensor(name + matrix, made.shape, made.values));
    }
    std::vector<float> bias;
    for (const auto& part : biases) {
      const FloatTensor made = reordered(name + part, gates);
      bias.insert(bias.end(), made.values.begin(), made.values.end());
    }
    bias.resize(bias.size() * 2 / biases.size());
    inputs.push_back(tensor(name + ".bias", {1, bias.size()}, bias));
    onnx::NodeProto* made = node(type, inputs);
    whole(made, "hidden_size", layer.at("units").get<std::int64_t>());
    node("Squeeze", {at_, whole_tensor(name + ".direction", {1})});
    return made;
  }
  // PyTorch has the gates as i, f, g, o and r, z, n.
  void lstm(const Json& layer) { recurrent("LSTM", layer, {0, 3, 1, 2}, {".bias"}); }
  void gru(const Json& layer) {
    whole(recurrent("GRU", layer, {1, 0, 2}, {".bias_ih", ".bias_hh"}), "linear_before_reset", 1);
  }

  onnx::ModelProto model_;
  onnx::GraphProto* graph_ = nullptr;
  std::map<std::string, FloatTensor> tensors_;
  std::string at_ = "input";
  bool map_ = true, recurrent_ = false, bounded_ = false;
  std::size_t bytes_ = 0;
};

}  // namespace

Exported export_onnx(const Trained& trained, const Network& network,
                     const std::filesystem::path& file) {
  return Graph(trained, network).write(file);
}

}  // namespace laq::deploy
