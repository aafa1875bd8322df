#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "core/error.hpp"
#include "core/files.hpp"

namespace laq {

Digest::Digest(Kind kind) : context_(EVP_MD_CTX_new()) {
  const bool sha1 = kind == Kind::sha1;
  if (!context_ || !EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_),
                                      sha1 ? EVP_sha1() : EVP_sha256(), nullptr)) {
    EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
    throw Error(
        {.what = fmt::format("{} is not available in OpenSSL", sha1 ? "SHA-1" : "SHA-256")});
  }
}

Digest::~Digest() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}

void Digest::add(std::span<const std::byte> bytes) {
  EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size());
}

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), &length);
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hex();
}

std::string sha256(std::string_view text) {
  return sha256(std::as_bytes(std::span(text)));
}

}  // namespace laq
