#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "core/file_lock.hpp"
#include "core/files.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::test;
namespace fs = std::filesystem;

TEST_CASE("files are read back as they were written", "[core]") {
  const Scratch folder;
  for (const std::string& content : {std::string(), std::string("one\r\ntwo\n"),
                                     std::string("a\0b\xff", 4), std::string(300000, 'x')}) {
    replace_file(folder / "file", content);
    CHECK(read_file(folder / "file") == content);
  }
  CHECK(folder.names() == std::vector<std::string>{"file"});
}

TEST_CASE("what cannot be read is refused by name", "[core]") {
  const Scratch folder;
  CHECK_THAT(message_of([&] { read_file(folder / "absent"); }),
             Contains("absent: cannot read: No such file"));
  CHECK_THAT(message_of([&] { read_file(folder.path()); }),
             Contains(folder.path().string() + ": is a folder: expected a file"));
}

TEST_CASE("a read that fails half-way is an error and not a short file", "[core]") {
  // Nothing is mapped at address 0, so that reading this file fails after it was opened.
  const fs::path file = "/proc/self/mem";
  if (!std::ifstream(file)) {
    WARN("skipped: /proc/self/mem cannot be opened here");
    return;
  }
  CHECK_THAT(message_of([&] { read_file(file); }), Contains("/proc/self/mem: reading failed"));
}

TEST_CASE("a writer that throws leaves the old content and no temporary", "[core]") {
  const Scratch folder;
  folder.write("file", "old");
  const auto half_written = [](const fs::path& temporary) {
    std::ofstream(temporary) << "half of the new";
    throw Error({.what = "the writer gave up"});
  };
  CHECK(message_of([&] { replace_file(folder / "file", half_written); }) == "the writer gave up");
  CHECK(read_file(folder / "file") == "old");
  CHECK(folder.names() == std::vector<std::string>{"file"});
}

TEST_CASE("a writer that writes nothing is an error", "[core]") {
  const Scratch folder;
  folder.write("file", "old");
  CHECK_THAT(message_of([&] { replace_file(folder / "file", [](const fs::path&) {}); }),
             Contains((folder / "file").string()) && Contains("cannot open: No such file"));
  CHECK(read_file(folder / "file") == "old");
}

TEST_CASE("the old content is there until the new is whole", "[core]") {
  const Scratch folder;
  folder.write("file", "old");
  replace_file(folder / "file", [&](const fs::path& temporary) {
    CHECK(temporary.parent_path() == folder.path());  // a rename works within one file system only
    std::ofstream(temporary) << "new";
    CHECK(read_file(folder / "file") == "old");
  });
  CHECK(read_file(folder / "file") == "new");
}

TEST_CASE("what cannot be replaced is refused by name and leaves no temporary", "[core]") {
  const Scratch folder;
  folder.write("file", "old");
  make_folder(folder / "folder");
  CHECK_THAT(message_of([&] { replace_file(folder / "absent/file", "x"); }),
             Contains("absent/file: cannot write: No such file"));
  CHECK_THAT(message_of([&] { replace_file(folder / "file/below", "x"); }),
             Contains("file/below: cannot write: Not a directory"));
  CHECK_THAT(message_of([&] { replace_file(folder / "folder", "x"); }),
             Contains("folder: cannot be replaced: found a folder, expected a file"));
  // Nobody can make a file here, not even root.
  CHECK_THAT(message_of([] { replace_file("/proc/laq", "x"); }),
             Contains("/proc/laq: cannot write: "));
  CHECK(folder.names() == std::vector<std::string>{"file", "folder"});
}

TEST_CASE("a write goes through links, and the temporary is beside the file itself", "[core]") {
  const Scratch folder;
  folder.write("there/file", "old");
  fs::create_symlink("there/file", folder / "near");
  fs::create_symlink(folder / "near", folder / "far");
  replace_file(folder / "far", [&](const fs::path& temporary) {
    CHECK(temporary.parent_path() == folder / "there");
    std::ofstream(temporary) << "new";
  });
  CHECK(read_file(folder / "there/file") == "new");
  CHECK(fs::read_symlink(folder / "near") == "there/file");
  // One to a file that is still to be made.
  fs::create_symlink("there/none", folder / "early");
  replace_file(folder / "early", "made");
  CHECK(read_file(folder / "there/none") == "made");
  CHECK(fs::is_symlink(folder / "early"));

  fs::create_symlink("b", folder / "a");
  fs::create_symlink("a", folder / "b");
  CHECK_THAT(message_of([&] { replace_file(folder / "a", "x"); }),
             Contains("a: links lead in a circle"));
  CHECK(folder.names() == std::vector<std::string>{"a", "b", "early", "far", "near", "there"});
}

TEST_CASE("devices and pipes are not replaced by files", "[core]") {
  const Scratch folder;
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  fs::create_symlink("/dev/null", folder / "nothing");
  CHECK_THAT(message_of([&] { replace_file(folder / "pipe", "x"); }),
             Contains("pipe: cannot be replaced: found a pipe, expected a file"));
  CHECK_THAT(message_of([&] { replace_file(folder / "nothing", "x"); }),
             Contains("nothing: cannot be replaced: found a device"));
  CHECK_THAT(message_of([&] { replace_file("/dev/null", "x"); }), Contains("found a device"));
  CHECK(fs::is_fifo(folder / "pipe"));
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(folder.names() == std::vector<std::string>{"nothing", "pipe"});
}

TEST_CASE("a file that is replaced keeps its permissions", "[core]") {
  const Scratch folder;
  fs::permissions(folder.write("private", "old"), fs::perms::owner_read | fs::perms::owner_write);
  replace_file(folder / "private", "new");
  CHECK(fs::status(folder / "private").permissions() ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("folders are made with their parents", "[core]") {
  const Scratch folder;
  make_folder(folder / "a/b/c");
  make_folder(folder / "a/b/c");
  CHECK(fs::is_directory(folder / "a/b/c"));
  folder.write("file", "x");
  CHECK_THAT(message_of([&] { make_folder(folder / "file"); }), Contains("file: "));
  CHECK_THAT(message_of([&] { make_folder(folder / "file/below"); }),
             Contains("file/below: cannot make folder: Not a directory"));
}

TEST_CASE("a lock whose file was removed by the one before is a new file's", "[core]") {
  const Scratch folder;
  const fs::path file = folder / "lock";
  auto first = std::make_unique<FileLock>(file, FileLock::Wait::no);
  CHECK(FileLock(file, FileLock::Wait::no).state() == FileLock::State::taken);
  FileLock::State got = FileLock::State::unsupported, other = got;
  std::thread waiting([&] {
    const FileLock second(file, FileLock::Wait::yes);
    got = second.state();
    other = FileLock(file, FileLock::Wait::no).state();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  fs::remove(file);
  first.reset();
  waiting.join();
  CHECK(got == FileLock::State::held);
  CHECK(other == FileLock::State::taken);
}

TEST_CASE("only the temporaries of dead processes are swept", "[core]") {
  const Scratch folder;
  std::string mark, place;  // what is before the process id, and behind it
  replace_file(folder / "file", [&](const fs::path& temporary) {
    const std::string own = std::to_string(::getpid()), name = temporary.filename().string();
    mark = name.substr(4, name.find(own) - 4);
    place = name.substr(name.find(own) + own.size());
    std::ofstream(temporary) << "x";
  });
  const pid_t dead = ::fork();
  if (dead == 0) ::_exit(0);
  ::waitpid(dead, nullptr, 0);
  const std::string alive = "file" + mark + std::to_string(::getppid());
  folder.write("file" + mark + std::to_string(dead), "half");
  folder.write("file" + mark + std::to_string(dead) + place, "half");
  folder.write(alive, "half");
  const std::string elsewhere = "other" + mark + std::to_string(dead) + "-another-0";
  folder.write(elsewhere, "half");  // of a machine or container of which nothing is known here
  sweep_temporaries(folder.path());
  CHECK(folder.names() == std::vector<std::string>{"file", alive, elsewhere});
  fs::remove(folder / elsewhere);
  // A number may have gone to another process since.
  fs::last_write_time(folder / alive, fs::file_time_type::clock::now() - std::chrono::hours(2));
  sweep_temporaries(folder.path());
  CHECK(folder.names() == std::vector<std::string>{"file"});
  sweep_temporaries(folder / "absent");  // nothing to sweep
}

TEST_CASE("SHA-256 and SHA-1 of the published vectors", "[core]") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  const std::string thousand(1000, 'a');
  Sha256 million;
  for (int i = 0; i < 1000; ++i) million.add(std::as_bytes(std::span(thousand)));
  CHECK(million.hex() == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  Digest sha1(Digest::Kind::sha1);
  sha1.add(std::as_bytes(std::span("abc", 3)));
  CHECK(sha1.hex() == "a9993e364706816aba3e25717850c26c9cd0d89d");
}
