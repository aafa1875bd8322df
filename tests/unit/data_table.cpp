#include <cstring>

#include "data/augment.hpp"
#include "data/image_set.hpp"
#include "data/new_dataset.hpp"
#include "data/npy.hpp"
#include "data/read_images.hpp"
#include "data/table.hpp"
#include "support/picture_files.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::data;
using namespace laq::test;

namespace {

std::string npy_raw(const std::string& type, const std::string& shape, const std::string& bytes,
                    bool fortran = false) {
  std::string header = "{'descr': '" + type +
                       "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': (" +
                       shape + "), }\n";
  std::string raw = "\x93NUMPY";
  raw += '\x01';
  raw += '\0';
  raw += static_cast<char>(header.size() & 255);
  raw += static_cast<char>(header.size() >> 8);
  return raw + header + bytes;
}

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

Table csv(const std::string& text) {
  return read_table(text, "t.csv", "t.csv");
}

std::string csv_error(const std::string& text) {
  return message_of([&] { csv(text); });
}

std::string npy_error(const std::string& raw) {
  return message_of([&] { read_table(raw, "t.npy", "t.npy"); });
}

// Two classes that the first feature tells apart.
std::string rows(int count) {
  std::string text = "a,b,label\n";
  for (int i = 0; i < count; ++i)
    text += std::to_string(i % 2 * 10 + i % 5) + "," + std::to_string(i % 7) + "," +
            std::to_string(i % 2) + "\n";
  return text;
}

}  // namespace

TEST_CASE("a CSV is read with or without names, its label where it says", "[data]") {
  const Table named = csv("x,label,y2\n1.5,0,-2\n3e1,1,4\n");
  CHECK(named.shape == std::vector<std::int64_t>{2});
  CHECK(named.features == std::vector<float>{1.5f, -2, 30, 4});
  CHECK(named.labels == std::vector<std::uint8_t>{0, 1});
  CHECK(named.classes == 2);
  CHECK(named.parts.empty());
  const Table plain = csv("1;2;1\r\n3;4;0\r\n\r\n");
  CHECK(plain.features == std::vector<float>{1, 2, 3, 4});
  CHECK(plain.labels == std::vector<std::uint8_t>{1, 0});
  const Table parted = csv("\"x\",y,split\n1,0,train\n2,1,test\n3,1,validation\n");
  CHECK(parted.parts == std::vector<std::uint8_t>{0, 2, 1});
  CHECK(parted.features == std::vector<float>{1, 2, 3});
}

TEST_CASE("of several names for the label the plainest counts, wherever it stands", "[data]") {
  const Table table = csv("label,x,y\n0,5,2\n1,6,3\n");
  CHECK(table.labels == std::vector<std::uint8_t>{0, 1});
  CHECK(table.features == std::vector<float>{5, 2, 6, 3});
  CHECK(csv("x,class,target\n5,1,0\n6,0,2\n").labels == std::vector<std::uint8_t>{1, 0});
}

TEST_CASE("a table's rows are those of its parts, and every class is learnt", "[data]") {
  const Table table = csv("x,y,split\n1,0,train\n2,1,train\n3,1,validation\n4,0,test\n");
  const auto rows = table_rows(table, {.train = 2, .validation = 1, .test = 1}, "t.csv");
  CHECK(rows[1] == std::vector<std::int64_t>{2});
  CHECK(rows[2] == std::vector<std::int64_t>{3});
  CHECK_THAT(
      message_of([&] { table_rows(table, {.train = 1, .validation = 2, .test = 1}, "t.csv"); }),
      Contains("t.csv") && Contains("training rows"));
  const Table unlearnt = csv("x,y,split\n1,0,train\n2,0,train\n3,0,validation\n4,1,test\n");
  CHECK_THAT(
      message_of([&] { table_rows(unlearnt, {.train = 2, .validation = 1, .test = 1}, "t.csv"); }),
      Contains("class 1 is only in the test part"));
}

TEST_CASE("what is wrong in a CSV is told with its line and column", "[data]") {
  CHECK_THAT(csv_error("x,y\n1,0\nred,1\n"),
             Contains("t.csv:3, column 'x': text in a number's place: found 'red'"));
  CHECK_THAT(csv_error("x,y\n1,0\n,1\n"), Contains("t.csv:3, column 'x': a value is missing"));
  CHECK_THAT(csv_error("x,y\n1,0\nnan,1\n"), Contains("t.csv:3, column 'x'") && Contains("finite"));
  CHECK_THAT(csv_error("x,y\n1,0\n1,2,3\n"),
             Contains("t.csv:3: the line has another number of fields: found 3, expected 2"));
  CHECK_THAT(csv_error("x,y\n1,1\n2,2\n"),
             Contains("labels do not start at 0: found 1 as the smallest"));
  CHECK_THAT(csv_error("x,y\n1,0\n2,2\n"), Contains("no row with label 1"));
  CHECK_THAT(csv_error("x,y\n1,0\n2,0.5\n"), Contains("a label is not a class's number"));
  CHECK_THAT(csv_error("x,y\n1,0\n2,-1\n"), Contains("a label is not a class's number"));
  CHECK_THAT(csv_error("x,y\n1,0\n2,0\n"), Contains("only one class"));
  CHECK_THAT(csv_error("x,y,split\n1,0,train\n2,1,exam\n"), Contains("unknown part: found 'exam'"));
  CHECK_THAT(csv_error("x\n1\n"), Contains("too few fields"));
  CHECK_THAT(csv_error(",a,b,label\n0,1,2,0\n1,3,4,1\n"),
             Contains("t.csv:1: the header has no name for column 1"));
  CHECK_THAT(csv_error(""), Contains("has no rows"));
}

TEST_CASE("NumPy's arrays are read, those of objects are refused", "[data]") {
  const std::string raw = npy_raw("<f4", "2, 3", bytes_of<float>({1, 2, 0, 3, 4, 1}));
  const Table table = read_table(raw, "t.npy", "t.npy");
  CHECK(table.features == std::vector<float>{1, 2, 3, 4});
  CHECK(table.labels == std::vector<std::uint8_t>{0, 1});
  const NumpyArray turned =
      read_npy(npy_raw("<i8", "2, 3", bytes_of<std::int64_t>({1, 4, 2, 5, 3, 6}), true), "t");
  CHECK(turned.values == std::vector<double>{1, 2, 3, 4, 5, 6});
  CHECK(read_npy(npy_raw("|u1", "3,", "abc"), "t").values == std::vector<double>{97, 98, 99});

  CHECK_THAT(npy_error(npy_raw("|O", "2, 3", std::string(48, '\0'))),
             Contains("holds Python objects, which would have to be unpickled"));
  CHECK_THAT(npy_error(npy_raw("<U3", "2, 3", std::string(72, 'a'))), Contains("'<U3'"));
  CHECK_THAT(npy_error(npy_raw(">f4", "2, 3", std::string(24, 'a'))), Contains("little-endian"));
  CHECK_THAT(npy_error(raw.substr(0, raw.size() - 1)), Contains("truncated"));
  CHECK_THAT(npy_error(raw.substr(0, 30)), Contains("truncated"));
  CHECK_THAT(npy_error(npy_raw("<f4", std::string(60000, '1'), "")), Contains("too long"));
  CHECK_THAT(npy_error("x,y\n1,0\n"), Contains("is not an .npy file"));
  CHECK_THAT(npy_error(npy_raw("<f4", "99999999999, 3", "")), Contains("too large"));
  CHECK_THAT(npy_error(npy_raw("<f4", "6,", bytes_of<float>({1, 2, 0, 3, 4, 1}))),
             Contains("not a matrix of features and labels"));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(npy_error(npy_raw("<f4", "2, 3", bytes_of<float>({1, 2, 0, nan, 4, 1}))),
             Contains("value 0 of row 1 is missing or not finite"));
}

TEST_CASE("a table becomes a dataset, split once for all and standardised", "[data]") {
  const Scratch folder;
  folder.write("mine.csv", rows(200));
  const DataPaths paths{.data_dir = folder / "data"};
  const NewDataset made = add_dataset({folder / "mine.csv", "mine"}, paths);
  CHECK(made.summary ==
        "200 rows of 2 in 2 classes (0 100, 1 100); 153 train, 17 validation, 30 test");
  const DatasetSpec spec = parse_dataset(config::parse_yaml(made.dataset_yaml, "d.yaml"), "mine");
  CHECK(spec.shape == std::vector<std::int64_t>{1, 1, 2});
  const ImageData data = load_images(spec, paths);
  CHECK(data.size(Part::train) == 153);
  CHECK(data.size(Part::test) == 30);
  std::vector<std::int64_t> all(153);
  std::iota(all.begin(), all.end(), 0);
  std::vector<float> values(306);
  std::vector<std::int64_t> labels(153);
  data.gather(Part::train, all, values.data(), labels.data());
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < 306; i += 2) {
    sum += static_cast<double>(values[i]);
    squares += std::pow(static_cast<double>(values[i]), 2);
    CHECK((values[i] > 0) == (labels[i / 2] == 1));
  }
  CHECK(sum / 153 == Approx(0).margin(1e-6));
  CHECK(squares / 153 == Approx(1).epsilon(1e-5));
  std::vector<float> again(306);
  load_images(spec, paths).gather(Part::train, all, again.data(), nullptr);
  CHECK(again == values);

  folder.write("data/mine/mine.csv", rows(201));
  CHECK_THAT(message_of([&] { load_images(spec, paths); }), Contains("mine.csv"));
}

TEST_CASE("a text and pictures become datasets", "[data]") {
  const Scratch folder;
  const DataPaths paths{.data_dir = folder / "data"};
  std::string text;
  for (int i = 0; i < 5000; ++i) text += static_cast<char>('a' + i * i % 11);
  folder.write("some.txt", text);
  const NewDataset book = add_dataset({folder / "some.txt", "book"}, paths);
  CHECK_THAT(book.summary, StartsWith("a text of 5000 characters, "));
  const DatasetSpec spec = parse_dataset(config::parse_yaml(book.dataset_yaml, "d.yaml"), "book");
  CHECK(spec.kind == Kind::text);
  CHECK(spec.splits.train == 75);

  for (int i = 0; i < 20; ++i) {
    for (const char* colour : {"red", "blue"}) {
      folder.write(std::string("pictures/") + colour + "/" + std::to_string(i) + ".png",
                   png(8, 8, {*colour == 'r' ? std::uint8_t{200} : std::uint8_t{0}, 0, 100}));
    }
  }
  const NewDataset mine = add_dataset({folder / "pictures", "mine"}, paths);
  CHECK(mine.summary ==
        "40 pictures of 3 x 8 x 8 in 2 classes (blue 20, red 20); 30 train, 4 validation, 6 test");
  const DatasetSpec pictures =
      parse_dataset(config::parse_yaml(mine.dataset_yaml, "d.yaml"), "mine");
  CHECK(load_images(pictures, paths).size(Part::validation) == 4);

  folder.write("pictures/red/odd.png", png(9, 8, {1, 2, 3}));
  CHECK_THAT(message_of([&] {
               add_dataset({folder / "pictures", "odd"}, paths);
             }),
             Contains("odd.png") && Contains("another size"));
  CHECK_FALSE(std::filesystem::exists(folder / "data/odd"));
  CHECK_THAT(usage_message([&] {
               add_dataset({folder / "some.txt", "A b"}, paths);
             }),
             Contains("--name"));
  CHECK_THAT(message_of([&] {
               add_dataset({folder / "none", "none"}, paths);
             }),
             Contains("no such file"));
  folder.write("short.txt", "abcab");
  CHECK_THAT(message_of([&] {
               add_dataset({folder / "short.txt", "short"}, paths);
             }),
             Contains("too short"));
  folder.write("zero.bin", std::string("a\0b", 3));
  CHECK_THAT(message_of([&] {
               add_dataset({folder / "zero.bin", "zero"}, paths);
             }),
             Contains("neither a text nor a table"));
}

TEST_CASE("crops and flips move a picture's values and make none", "[data]") {
  std::vector<float> pictures;
  for (int i = 0; i < 400; ++i) {
    for (float x = 1; x <= 12; ++x) pictures.push_back(x);  // 1 × 3 × 4
  }
  const std::vector<float> before = pictures;
  augment(pictures.data(), 400, 1, 3, 4, {}, RandomStream(1, "t"));
  CHECK(pictures == before);
  augment(pictures.data(), 400, 1, 3, 4, {.flip = true}, RandomStream(1, "t"));
  int mirrored = 0;
  for (std::size_t i = 0; i < pictures.size(); i += 12) {
    const bool flipped = pictures[i] == 4;
    mirrored += flipped;
    CHECK(pictures[i + 3] == (flipped ? 1 : 4));
    CHECK(pictures[i + 8] == (flipped ? 12 : 9));
  }
  CHECK(mirrored > 150);
  CHECK(mirrored < 250);
  pictures = before;
  augment(pictures.data(), 400, 1, 3, 4, {.crop = 1}, RandomStream(1, "t"));
  std::map<std::vector<float>, int> seen;
  for (std::size_t i = 0; i < pictures.size(); i += 12)
    ++seen[{pictures.begin() + static_cast<std::ptrdiff_t>(i),
            pictures.begin() + static_cast<std::ptrdiff_t>(i + 12)}];
  CHECK(seen.size() == 9);
  CHECK(seen.contains({0, 0, 0, 0, 0, 1, 2, 3, 0, 5, 6, 7}));
  CHECK(seen.contains({6, 7, 8, 0, 10, 11, 12, 0, 0, 0, 0, 0}));
  auto again = before;
  augment(again.data(), 400, 1, 3, 4, {.crop = 1}, RandomStream(1, "t"));
  CHECK(again == pictures);
}
