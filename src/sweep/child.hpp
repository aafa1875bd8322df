#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace laq::sweep {

/// Starts this program anew with other words, the first of which is its path; the same program also
/// when that file was replaced or removed meanwhile. Its output is appended to `log`. It gets
/// SIGTERM when this process ends, however that comes, and is in a process group of its own, so
/// that a Ctrl-C reaches this process only. Errors: the log cannot be written, no process can be
/// made, or the program cannot be loaded.
pid_t start_again(std::vector<std::string> words, const std::filesystem::path& log);

/// Waits until a child ends, a signal comes or the time is over.
void wait_for_child(double seconds);

/// A program's answer.
struct Answer {
  int exit_code = -1;
  std::string out, err;
};

/// Runs a program found on PATH to its end. Error: it cannot be started.
Answer ask(std::vector<std::string> words);

}  // namespace laq::sweep
