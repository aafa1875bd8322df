#include "data_fixture.hpp"

namespace laq::data {
namespace {

const std::filesystem::path kConfigs =
    std::filesystem::path(__FILE__).parent_path() / "../../configs";

const std::string kHash(64, 'a');

std::string file_yaml(const std::string& role, const std::string& name = "f.gz",
                      const std::string& hash = kHash) {
  return "  - {role: " + role + ", name: " + name + ", bytes: 9, sha256: " + hash +
         ", hash_checked: false}\n";
}

const std::string kHead =
    "title: T\nkind: idx\npreprocessing: none\nclasses: 10\nshape: [1, 2, 3]\n"
    "splits: {train: 5, validation: 2, test: 3}\n";
const std::string kFiles = "files:\n" + file_yaml("train_images") + file_yaml("train_labels") +
                           file_yaml("test_images") + file_yaml("test_labels");

DatasetSpec parse(const std::string& yaml) {
  return parse_dataset(config::parse_yaml(yaml, "t.yaml"), "t");
}

std::string refusal(const std::string& yaml) {
  return error_of([&] { parse(yaml); });
}

}  // namespace

TEST_CASE("the datasets of the project are read", "[data]") {
  for (const auto& name : config::names_in(kConfigs, "datasets"))
    CHECK(load_dataset(kConfigs, name).name == name);

  const DatasetSpec mnist = load_dataset(kConfigs, "mnist");
  CHECK(mnist.title == "MNIST");
  CHECK(mnist.paper_column == "mnist");
  CHECK(mnist.classes == 10);
  CHECK(mnist.shape == std::vector<std::int64_t>{1, 28, 28});
  CHECK(mnist.splits.train == 50000);
  CHECK(mnist.splits.validation == 10000);
  CHECK(mnist.splits.test == 10000);
  CHECK(mnist.file("test_images").urls.at(0) ==
        "https://ossci-datasets.s3.amazonaws.com/mnist/t10k-images-idx3-ubyte.gz");

  const DatasetSpec fashion = load_dataset(kConfigs, "fashion_mnist");
  CHECK(fashion.title == "Fashion-MNIST");
  CHECK_FALSE(fashion.paper_column.has_value());
  CHECK(fashion.debian_package == "dataset-fashion-mnist");
  CHECK(fashion.file("train_labels").package_path ==
        "/usr/share/datasets/fashion-mnist/train-labels-idx1-ubyte.gz");
  CHECK(dataset_sha256(fashion) != dataset_sha256(mnist));
}

TEST_CASE("the datasets of the paper have its splits", "[data]") {
  const auto rows = [](const char* name) {
    const Splits splits = load_dataset(kConfigs, name).splits;
    return std::vector{splits.train, splits.validation, splits.test};
  };
  CHECK(rows("cifar10") == std::vector<std::int64_t>{45000, 5000, 10000});
  CHECK(rows("cifar100") == std::vector<std::int64_t>{45000, 5000, 10000});
  CHECK(rows("svhn") == std::vector<std::int64_t>{598388, 6000, 26032});
  CHECK(rows("cifar10_jpeg") == std::vector<std::int64_t>{45000, 5000, 10000});
  const DatasetSpec svhn = load_dataset(kConfigs, "svhn");
  CHECK(svhn.splits.validation_per_class == std::vector<std::int64_t>{400, 200});
  CHECK(svhn.file("extra").urls.at(0) == "http://ufldl.stanford.edu/housenumbers/extra_32x32.mat");
  CHECK(load_dataset(kConfigs, "cifar100").files[0].unpacked == "cifar-100-binary");
  CHECK(load_dataset(kConfigs, "cifar10_jpeg").folder_name() == "cifar10-jpeg");
  CHECK(load_dataset(kConfigs, "mnist").folder_name() == "mnist");
  CHECK(word_of(load_dataset(kConfigs, "cifar10").preprocessing) == "gcn_zca");
  CHECK(word_of(svhn.preprocessing) == "gcn_lcn");
  CHECK(word_of(svhn.lcn) == "pylearn2");
}

TEST_CASE("numbers of a dataset fit its kind", "[data]") {
  const auto text = [](const std::string& kind, const std::string& classes,
                       const std::string& splits, const std::string& role) {
    return "title: T\nkind: " + kind + "\npreprocessing: gcn\nclasses: " + classes +
           "\nshape: [3, 32, 32]\nsplits: {train: 5, validation: 6, test: 3" + splits +
           "}\nfiles:\n" + file_yaml(role, "f.tar.gz");
  };
  const auto folder = [&](const std::string& splits) {
    return text("image_folder", "3", splits, "pictures");
  };
  CHECK(parse(folder(", validation_per_class: [2]")).splits.validation_per_class ==
        std::vector<std::int64_t>{2});
  CHECK_THAT(refusal(folder("")), Contains("'splits.validation_per_class' is missing"));
  CHECK_THAT(refusal(folder(", validation_per_class: [1, 1]")),
             Contains("has 2 numbers, but there are 1 training files"));
  CHECK_THAT(refusal(folder(", validation_per_class: [3]")),
             Contains("'splits.validation' is not 3 classes times validation_per_class, 9"));
  CHECK_THAT(refusal(folder(", validation_per_class: [2]") + "folder: a/b\n"),
             Contains("'folder' is not a plain name"));
  CHECK(parse(text("cifar", "10", "", "archive")).files[0].unpacked == "cifar-10-batches-bin");
  CHECK_THAT(refusal(text("cifar", "20", "", "archive")), Contains("neither 10 nor 100"));
  CHECK_THAT(refusal(text("cifar", "10", ", validation_per_class: [1]", "archive")),
             Contains("unknown key 'splits.validation_per_class'"));
  CHECK_THAT(refusal(text("svhn", "3", ", validation_per_class: [2]", "train") +
                     file_yaml("extra") + file_yaml("test")),
             Contains("has 1 numbers, but there are 2 training files"));
}

TEST_CASE("the rule of local contrast normalisation is the dataset's", "[data]") {
  const auto head = [](const std::string& keys) {
    return "title: T\nkind: idx\nclasses: 10\nshape: [1, 2, 3]\n"
           "splits: {train: 5, validation: 2, test: 3}\npreprocessing: " +
           keys + "\n" + kFiles;
  };
  CHECK(parse(head("gcn_lcn")).lcn == LocalContrastRule::all_channels);
  CHECK(parse(head("gcn_lcn\nlcn: all_channels")).lcn == LocalContrastRule::all_channels);
  CHECK(parse(head("gcn_lcn\nlcn: pylearn2")).lcn == LocalContrastRule::pylearn2);
  CHECK_THAT(refusal(head("gcn_lcn\nlcn: red")),
             Contains("'red'") && Contains("one of all_channels, pylearn2"));
  CHECK_THAT(refusal(head("gcn\nlcn: pylearn2")),
             Contains("'lcn' has no meaning without preprocessing: gcn_lcn"));
}

TEST_CASE("a file is known by its SHA-256 or by its git blob id", "[data]") {
  const std::string blob(40, 'b'), head = kHead + "files:\n";
  const auto files = [&](const std::string& hash) {
    return head + "  - {role: train_images, name: f.gz, bytes: 9, " + hash +
           "hash_checked: false}\n" + file_yaml("train_labels") + file_yaml("test_images") +
           file_yaml("test_labels");
  };
  const DatasetSpec by_blob = parse(files("git_blob: " + blob + ", "));
  CHECK(by_blob.files[0].content_id() == "git-blob:" + blob);
  CHECK(dataset_sha256(by_blob) != dataset_sha256(parse(kHead + kFiles)));
  CHECK(dataset_sha256(by_blob) !=
        dataset_sha256(parse(files("git_blob: " + std::string(40, 'c') + ", "))));
  CHECK_THAT(refusal(files("")), Contains("files[0].sha256' is missing") && Contains("git_blob"));
  CHECK_THAT(refusal(files("git_blob: " + blob + ", sha256: " + kHash + ", ")),
             Contains("and git_blob are both given"));
  CHECK_THAT(refusal(files("git_blob: " + kHash + ", ")),
             Contains("is not 40 lower-case hexadecimal digits"));
  CHECK_THAT(refusal(files("sha256: unknown, ")),
             Contains("is not 64 lower-case hexadecimal digits"));
  CHECK_THAT(refusal("title: T\nkind: image_folder\npreprocessing: none\nclasses: 2\n"
                     "shape: [1, 2, 3]\nsplits: {train: 5, validation: 2, test: 3, "
                     "validation_per_class: [1]}\nfiles:\n  - {role: pictures, name: f, bytes: 9, "
                     "git_blob: " +
                     blob + ", hash_checked: false}\n"),
             Contains("gives a git_blob, which pictures do not have"));
}

TEST_CASE("an unknown dataset is refused with the near one", "[data]") {
  CHECK_THAT(error_of([] { load_dataset(kConfigs, "mnits"); }),
             Contains("unknown dataset 'mnits'") && Contains("did you mean 'mnist'?"));
  CHECK_THAT(error_of([] { load_dataset("nowhere", "mnist"); }), Contains("nowhere"));
}

TEST_CASE("keys of a dataset are checked", "[data]") {
  CHECK(parse(kHead + kFiles).files.size() == 4);
  CHECK_THAT(refusal(kHead + "tilte: x\n" + kFiles),
             Contains("unknown key 'tilte'") && Contains("did you mean 'title'?"));
  CHECK_THAT(refusal(kHead), Contains("'files' is not a list"));
  CHECK_THAT(refusal(kHead + "files: {a: 1}\n"), Contains("'files' is not a list"));
  CHECK_THAT(refusal("kind: idx\n" + kFiles), Contains("'title' is missing"));
  CHECK_THAT(refusal("title: T\nkind: idy\n" + kFiles),
             Contains("'idy'") && Contains("one of idx"));
  const std::string no_shape = "title: T\nkind: idx\npreprocessing: none\nclasses: 10\n";
  CHECK_THAT(refusal(no_shape + kFiles), Contains("'shape' is missing"));
  CHECK_THAT(refusal(no_shape + "shape: [28, 28]\n" + kFiles),
             Contains("t.yaml:5") && Contains("'shape' is not [channels, height, width]"));
  CHECK_THAT(refusal(no_shape + "shape: [1, 0, 28]\n" + kFiles),
             Contains("wrong value of 'shape[1]'"));
  CHECK_THAT(refusal(kHead + "debian: {package: p}\n" + kFiles),
             Contains("'debian.folder' is missing"));
  CHECK_THAT(refusal(kHead + "debian: {package: p, folder: f, place: g}\n" + kFiles),
             Contains("unknown key 'debian.place'"));
}

TEST_CASE("files of a dataset are checked", "[data]") {
  const std::string other = kHead + kFiles;
  CHECK_THAT(refusal(other + file_yaml("test_images")), Contains("several files with role"));
  CHECK_THAT(refusal(other + file_yaml("test_pictures")),
             Contains("unknown role 'test_pictures'") && Contains("test_images"));
  CHECK_THAT(refusal(kHead + "files:\n" + file_yaml("train_images")),
             Contains("no file with role 'train_labels'"));
  CHECK_THAT(refusal(other + file_yaml("x", "a/b")), Contains("not a plain file name"));
  CHECK_THAT(refusal(other + file_yaml("x", "..")), Contains("not a plain file name"));
  CHECK_THAT(refusal(other + file_yaml("x", "f", "abc")), Contains("64 lower-case hexadecimal"));
  CHECK_THAT(refusal(other + "  - {role: x, nam: y}\n"), Contains("t.yaml:12"));
}

TEST_CASE("the dataset hash depends on every file and not on their order", "[data]") {
  const DatasetSpec spec = SmallDataset().spec;
  DatasetSpec reordered = spec;
  std::swap(reordered.files[0], reordered.files[3]);
  CHECK(dataset_sha256(reordered) == dataset_sha256(spec));
  for (std::size_t i = 0; i < spec.files.size(); ++i) {
    DatasetSpec other = spec;
    other.files[i].sha256 = kHash;
    CHECK(dataset_sha256(other) != dataset_sha256(spec));
  }
}

}  // namespace laq::data
