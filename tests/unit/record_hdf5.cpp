#include <hdf5.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <limits>

#include "core/files.hpp"
#include "record/hdf5.hpp"
#include "record_support.hpp"

using namespace laq;
using namespace laq::record;
using namespace laq::record::test;

namespace {

template <typename T>
void round_trip(const std::filesystem::path& file, const std::vector<T>& values) {
  write_hdf5(file, [&](Hdf5Writer& out) {
    out.write<T>("/a/line", values, {values.size()});
    out.write<T>("/a/table", values, {2, values.size() / 2});
    out.place<T>("/a/placed", values, {values.size()});
    out.write<T>("/a/empty", {}, {0, 5});
    out.write<T>("/a/single", std::span(values).first(1), {});
  });
  const Hdf5Reader in(file);
  CHECK(in.read<T>("/a/line").values == values);
  CHECK(in.read<T>("/a/table").shape == Shape{2, values.size() / 2});
  CHECK(in.read<T>("/a/placed").values == values);
  CHECK(in.read<T>("/a/empty").shape == Shape{0, 5});
  CHECK(in.read<T>("/a/single", {0, 0}).values == std::vector<T>{values[0]});
  CHECK(in.dataset("/a/line").type == type_name<T>());
  std::vector<T> target(values.size());
  in.read_into<T>("/a/line", target);
  CHECK(target == values);
}

}  // namespace

TEST_CASE("every element type comes back as it was") {
  const Folder folder;
  const auto file = folder / "all.h5";
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  round_trip<float>(file, {0.1f, -kInfinity, 1e-45f, 3e38f});
  round_trip<double>(file, {0.1, -1e308, 4.9e-324, 0});
  round_trip<std::int8_t>(file, {-128, 127, 0, 1});
  round_trip<std::int16_t>(file, {-32768, 32767, 0, 1});
  round_trip<std::int32_t>(file, {std::numeric_limits<std::int32_t>::min(), 1, 2, 3});
  round_trip<std::int64_t>(file, {std::numeric_limits<std::int64_t>::min(), 1, 2, 3});
  round_trip<std::uint8_t>(file, {0, 255, 1, 2});
}

TEST_CASE("large placed arrays lie beside what HDF5 writes and do not disturb it") {
  const Folder folder;
  const auto file = folder / "large.h5";
  std::vector<std::vector<float>> arrays;
  for (std::size_t i = 0; i < 20; ++i) {
    arrays.emplace_back(1 + i * 997, static_cast<float>(i) + 0.5f);
  }
  write_hdf5(file, [&](Hdf5Writer& out) {
    for (std::size_t i = 0; i < arrays.size(); ++i) {
      const std::string name = "/group/" + std::to_string(i);
      out.place<float>(name, arrays[i], {arrays[i].size()});
      out.text(name, "note", std::string(i * 100, 'x'));
    }
  });
  const Hdf5Reader in(file);
  for (std::size_t i = 0; i < arrays.size(); ++i) {
    const std::string name = "/group/" + std::to_string(i);
    CHECK(in.read<float>(name).values == arrays[i]);
    CHECK(in.text(name, "note") == std::string(i * 100, 'x'));
  }
}

TEST_CASE("attributes and names") {
  const Folder folder;
  const auto file = folder / "a.h5";
  write_hdf5(file, [&](Hdf5Writer& out) {
    out.text("/", "name", "läq");
    out.text("/", "empty", "");
    out.integer("/", "count", -7);
    out.real("/", "rate", 0.1);
    out.group("/z/y");
    out.group("/a");
    out.reals("/z", "many", std::vector{1.5, 2.5});
    out.integers("/z", "none", {});
    CHECK(holds(message([&] { out.text("/", "zero", std::string_view("a\0b", 3)); }), "zero byte"));
    CHECK(holds(message([&] { out.integer("/", "count", 1); }), "count"));
    CHECK(holds(message([&] { out.group("relative"); }), "start with '/'"));
    const std::vector<float> three(3);
    CHECK(holds(message([&] { out.write<float>("/three", three, {2, 2}); }), "2 x 2"));
  });
  const Hdf5Reader in(file);
  CHECK(in.text("/", "name") == "läq");
  CHECK(in.text("/", "empty").empty());
  CHECK(in.integer("/", "count") == -7);
  CHECK(in.real("/", "count") == -7.0);
  CHECK(in.real("/", "rate") == 0.1);
  CHECK(in.reals("/z", "many") == std::vector{1.5, 2.5});
  CHECK(in.integers("/z", "none").empty());
  CHECK(in.names("/") == std::vector<std::string>{"z", "a"});  // as they were made
  CHECK(in.has("/z/y"));
  CHECK_FALSE(in.has("/z/x"));
  CHECK_FALSE(in.has("z"));
  CHECK(in.has("/"));
  CHECK(holds(message([&] { in.integer("/", "rate"); }), "expected an integer"));
  CHECK(holds(message([&] { in.integer("/", "name"); }), "found string"));
  CHECK(holds(message([&] { in.text("/", "count"); }), "expected one string"));
  CHECK(holds(message([&] { in.text("/", "nam"); }), "did you mean 'name'?"));
  CHECK(holds(message([&] { in.real("/z", "many"); }), "found 2 values"));
  CHECK(holds(message([&] { in.names("/none"); }), "no such path"));
}

TEST_CASE("wrong paths, types and ranks are named with file and path") {
  const Folder folder;
  const auto file = folder / "w.h5";
  const std::vector<float> values(8, 1.0f);
  const std::vector<std::int32_t> codes{1, 2, -300, 4};
  write_hdf5(file, [&](Hdf5Writer& out) {
    out.write<float>("/fc1/weight", values, {2, 2, 2});
    out.write<std::int32_t>("/codes", codes, {4});
    out.write<float>("/fc1/bias", values, {8});
  });
  const Hdf5Reader in(file);
  const std::string name = file.string();
  const auto float_error = [&](const std::string& path) {
    return message([&] { in.read<float>(path); });
  };
  CHECK(float_error("/fc1/wieght") ==
        name + ":/fc1/wieght: no such path in the file; did you mean '/fc1/weight'?");
  CHECK(holds(float_error("/fc2/weight"), ":/fc2/weight: no such path"));
  CHECK(holds(float_error("fc1/bias"), "paths start with '/'"));
  CHECK(float_error("/fc1/weight") == name +
                                          ":/fc1/weight: has the wrong number of dimensions: found "
                                          "3-D (2 x 2 x 2), expected 1-D to 2-D");
  CHECK(float_error("/codes") ==
        name + ":/codes: has the wrong type: found int32, expected floating point");
  CHECK(holds(float_error("/fc1"), "found a group, expected a dataset"));
  CHECK(holds(float_error("/"), "found a group, expected a dataset"));
  CHECK(holds(float_error("/fc1/bias/x"), "no such path"));
  CHECK(holds(message([&] { in.read<std::int32_t>("/fc1/bias"); }),
              "found float32, expected integers"));
  CHECK(holds(message([&] { in.read<std::int8_t>("/codes"); }),
              "element 2 is out of range: found -300, expected -128 to 127"));
  CHECK(in.read<std::int16_t>("/codes").values == std::vector<std::int16_t>{1, 2, -300, 4});
  std::vector<float> three(3);
  CHECK(holds(message([&] { in.read_into<float>("/fc1/bias", three); }), "found 8, expected 3"));
}

TEST_CASE("files that are not HDF5") {
  const Folder folder;
  const auto open = [](const std::filesystem::path& file) {
    return message([&] { Hdf5Reader in(file); });
  };
  CHECK(open(folder / "none.h5") == (folder / "none.h5").string() + ": no such file");
  CHECK(holds(open(folder.path()), "is a folder, expected") == false);
  CHECK(holds(open(folder.path()), "expected an HDF5 file"));
  for (const std::string& content :
       {std::string(), std::string("<html>"), std::string(5000, 'x')}) {
    std::ofstream(folder / "text.h5") << content;
    CHECK(holds(open(folder / "text.h5"), "text.h5: cannot open as an HDF5 file: "));
  }
}

TEST_CASE("addresses of datasets") {
  CHECK(parse_address("a/F.h5:/fc1/weight").file == "a/F.h5");
  CHECK(parse_address("a/F.h5:/fc1/weight").path == "/fc1/weight");
  for (const std::string word : {"F.h5", "F.h5:weight", ":/weight", ""}) {
    try {
      parse_address(word);
      FAIL("accepted " << word);
    } catch (const Error& error) {
      CHECK(error.kind() == Error::Kind::usage);
      CHECK(holds(error.what(), "expected FILE.h5:/path"));
    }
  }
}

TEST_CASE("datasets that other programs write") {
  const Folder folder;
  const auto path = folder / "foreign.h5";
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const auto add = [&](const char* name, hid_t type, hid_t memory, hsize_t count, const void* data,
                       bool deflate = false) {
    const hid_t space = H5Screate_simple(1, &count, nullptr);
    const hid_t created = H5Pcreate(H5P_DATASET_CREATE);
    if (deflate) {
      H5Pset_chunk(created, 1, &count);
      H5Pset_deflate(created, 9);
    }
    const hid_t dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, created, H5P_DEFAULT);
    if (data) H5Dwrite(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
    H5Dclose(dataset);
    H5Pclose(created);
    H5Sclose(space);
  };
  const std::vector<double> numbers{1.5, -2.25, 3};
  const std::vector<float> zeros(1000000, 0.0f);
  const std::vector<std::uint64_t> huge{1, std::numeric_limits<std::uint64_t>::max()};
  const std::vector<char> text(30, 'a');
  const hid_t word = H5Tcopy(H5T_C_S1);
  H5Tset_size(word, 10);
  const hid_t pair = H5Tcreate(H5T_COMPOUND, 8);
  H5Tinsert(pair, "x", 0, H5T_NATIVE_FLOAT);
  H5Tinsert(pair, "y", 4, H5T_NATIVE_FLOAT);
  add("big_endian", H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, 3, numbers.data());
  add("packed", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, zeros.size(), zeros.data(), true);
  add("huge", H5T_STD_U64LE, H5T_NATIVE_UINT64, 2, huge.data());
  add("words", word, word, 3, text.data());
  add("pairs", pair, pair, 3, nullptr);
  add("unwritten", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 1000000000, nullptr);
  H5Lcreate_soft("/nowhere", file, "dangling", H5P_DEFAULT, H5P_DEFAULT);
  H5Tclose(word);
  H5Tclose(pair);
  H5Fclose(file);

  const Hdf5Reader in(path);
  CHECK(in.read<double>("/big_endian").values == numbers);
  CHECK(in.read<float>("/packed").values == zeros);
  CHECK(holds(message([&] { in.read<std::int64_t>("/huge"); }), "found 18446744073709551615"));
  CHECK(holds(message([&] { in.read<float>("/words"); }), "found string"));
  CHECK(holds(message([&] { in.read<float>("/unwritten"); }), "never written"));
  CHECK(holds(message([&] { in.read<float>("/dangling"); }), "no such path"));
  CHECK(holds(message([&] { in.read<float>("/pairs"); }), "pairs"));
}

TEST_CASE("values in other files are read through a link and refused elsewhere") {
  const Folder folder;
  const std::vector<float> numbers(5000, 2.5f);
  const hsize_t count = numbers.size();
  write_hdf5(folder / "values.h5",
             [&](Hdf5Writer& out) { out.write<float>("/w", numbers, {numbers.size()}); });
  const auto path = folder / "other.h5";
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const auto add = [&](const char* name, hid_t created) {
    const hid_t space = H5Screate_simple(1, &count, nullptr);
    if (H5Pget_external_count(created) == 0)
      H5Pset_virtual(created, space, "values.h5", "/w", space);
    H5Dclose(H5Dcreate2(file, name, H5T_IEEE_F32LE, space, H5P_DEFAULT, created, H5P_DEFAULT));
    H5Sclose(space);
    H5Pclose(created);
  };
  const hid_t external = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_external(external, "raw.bin", 0, count * sizeof(float));
  add("virtual", H5Pcreate(H5P_DATASET_CREATE));
  add("external", external);
  H5Lcreate_external("values.h5", "/w", file, "linked", H5P_DEFAULT, H5P_DEFAULT);
  H5Lcreate_external("none.h5", "/w", file, "lost", H5P_DEFAULT, H5P_DEFAULT);
  H5Fclose(file);

  const Hdf5Reader in(path);
  CHECK(in.read<float>("/linked").values == numbers);
  for (const std::string name : {"/virtual", "/external"}) {
    const std::string error = message([&] { in.read<float>(name); });
    CHECK(holds(error, "other.h5:" + name + ": its values lie in other files"));
    CHECK(holds(error, "copy it"));
  }
  CHECK(holds(message([&] { in.read<float>("/lost"); }),
              "no such path in the file; its link leads nowhere"));
}

TEST_CASE("a failing writer leaves the old file and no temporary") {
  const Folder folder;
  const auto file = folder / "kept.h5";
  replace_file(file, "old");
  CHECK(message([&] {
          write_hdf5(file, [&](Hdf5Writer& out) {
            out.group("/a");
            throw Error({.what = "stopped"});
          });
        }) == "stopped");
  CHECK(read_file(file) == "old");
  CHECK(folder.entries() == 1);
  CHECK(holds(message([&] { write_hdf5(folder / "none/x.h5", [](Hdf5Writer&) {}); }),
              "none/x.h5: cannot write: No such file or directory"));
}
