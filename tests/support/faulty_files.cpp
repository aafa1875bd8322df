#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string>

// Loaded into the program with LD_PRELOAD. Counts its operations on files whose path holds
// FAULT_PATH (opening to write, writing, setting the size, flushing, renaming) and lets the
// FAULT_AT-th of them come to harm. FAULT_KIND: `kill` ends the process, `hang` stops it there, a
// number is the error that it fails with. A write is half done by then. With FAULT_ON set all later
// operations fail, too. FAULT_CALL=link, flock or pthread_create (of any path): those are counted
// instead.

namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

struct Plan {
  std::string path = variable("FAULT_PATH"), kind = variable("FAULT_KIND"),
              call = variable("FAULT_CALL");
  long at = std::atol(variable("FAULT_AT").c_str());
  bool on = !variable("FAULT_ON").empty();
};

const Plan& plan() {
  static const Plan one;
  return one;
}

std::atomic<long> operations{0};

bool concerns(const char* path) {
  return !plan().path.empty() && std::strstr(path, plan().path.c_str());
}

bool concerns(int descriptor) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = ::readlink(link.c_str(), path, sizeof path - 1);
  if (size <= 0) return false;
  path[size] = 0;
  return concerns(path);
}

/// Whether this operation comes to harm.
bool chosen(const char* name = "") {
  if (plan().call != name) return false;
  const long now = ++operations;
  return now == plan().at || (plan().on && plan().at > 0 && now > plan().at);
}

/// Ends, stops, or returns with errno set.
void harm() {
  if (plan().kind == "kill") ::raise(SIGKILL);
  while (plan().kind == "hang") ::pause();
  errno = std::atoi(plan().kind.c_str());
}

template <typename Function>
Function* next(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

ssize_t half_pwrite(int file, const void* data, size_t size, off_t at, const char* name) {
  const auto real = next(&::pwrite, name);
  if (!concerns(file) || !chosen()) return real(file, data, size, at);
  if (real(file, data, size / 2, at) >= 0) harm();
  return -1;
}

FILE* open_stream(const char* path, const char* mode, const char* name) {
  if (std::strchr(mode, 'w') && concerns(path) && chosen()) {
    harm();
    return nullptr;
  }
  return next(&::fopen, name)(path, mode);
}

int open_file(const char* path, int flags, mode_t mode, const char* name) {
  if ((flags & O_CREAT) && concerns(path) && chosen()) {
    harm();
    return -1;
  }
  return next(&::open, name)(path, flags, mode);
}

int size_file(int file, off_t size, const char* name) {
  if (concerns(file) && chosen()) {
    harm();
    return -1;
  }
  return next(&::ftruncate, name)(file, size);
}

int reserve(int file, off_t at, off_t size, const char* name) {
  if (concerns(file) && chosen()) {
    harm();
    return errno;
  }
  return next(&::posix_fallocate, name)(file, at, size);
}

mode_t mode_of(int flags, va_list rest) {
  return flags & O_CREAT ? va_arg(rest, mode_t) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_file(path, flags, mode, "open");
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return open_file(path, flags, mode, "open64");
}

FILE* fopen(const char* path, const char* mode) {
  return open_stream(path, mode, "fopen");
}

FILE* fopen64(const char* path, const char* mode) {
  return open_stream(path, mode, "fopen64");
}

ssize_t pwrite(int file, const void* data, size_t size, off_t at) {
  return half_pwrite(file, data, size, at, "pwrite");
}

ssize_t pwrite64(int file, const void* data, size_t size, off64_t at) {
  return half_pwrite(file, data, size, at, "pwrite64");
}

ssize_t write(int file, const void* data, size_t size) {
  const auto real = next(&::write, "write");
  if (!concerns(file) || !chosen()) return real(file, data, size);
  if (real(file, data, size / 2) >= 0) harm();
  return -1;
}

ssize_t writev(int file, const iovec* parts, int count) {
  if (concerns(file) && chosen()) {
    harm();
    return -1;
  }
  return next(&::writev, "writev")(file, parts, count);
}

int ftruncate(int file, off_t size) noexcept {
  return size_file(file, size, "ftruncate");
}

int ftruncate64(int file, off64_t size) noexcept {
  return size_file(file, size, "ftruncate64");
}

int posix_fallocate(int file, off_t at, off_t size) {
  return reserve(file, at, size, "posix_fallocate");
}

int posix_fallocate64(int file, off64_t at, off64_t size) {
  return reserve(file, at, size, "posix_fallocate64");
}

int fsync(int file) {
  if (concerns(file) && chosen()) {
    harm();
    return -1;
  }
  return next(&::fsync, "fsync")(file);
}

int rename(const char* from, const char* to) noexcept {
  if (concerns(to) && chosen()) {
    harm();
    return -1;
  }
  return next(&::rename, "rename")(from, to);
}

int link(const char* from, const char* to) noexcept {
  if (concerns(to) && chosen("link")) {
    harm();
    return -1;
  }
  return next(&::link, "link")(from, to);
}

int flock(int file, int operation) noexcept {
  if (concerns(file) && chosen("flock")) {
    harm();
    return -1;
  }
  return next(&::flock, "flock")(file, operation);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
  if (chosen("pthread_create")) {
    harm();
    return errno;
  }
  return next(&::pthread_create, "pthread_create")(thread, attributes, start, argument);
}

}  // extern "C"
