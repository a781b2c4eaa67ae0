// quantize: writes a model, a GGUF file or a Hugging Face folder, as GGUF with its matrices in another format, and says what that cost.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <atomic>
#include <cctype>
#include <chrono>
#include <cmath>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "support/common_options.hpp"
#include "support/model_path.hpp"
#include "support/report_error.hpp"
#include "support/terminal.hpp"
#include "weft/core/thread_pool.hpp"
#include "weft/io/gguf_writer.hpp"
#include "weft/model/folder_gguf.hpp"
#include "weft/quant/dequantize.hpp"
#include "weft/quant/quantize.hpp"

namespace {

struct Settings {
  std::string model, output, type = "Q8_0", embedding;
  int threads = 0;
  bool verbose = false;
};

struct Format {
  weft::DType type;
  std::string_view name;
  std::uint32_t file_type;  // "general.file_type" of the format
};
constexpr Format formats[] = {{weft::DType::f32, "F32", 0},   {weft::DType::f16, "F16", 1},   {weft::DType::bf16, "BF16", 32},
                              {weft::DType::q4_0, "Q4_0", 2}, {weft::DType::q4_1, "Q4_1", 3}, {weft::DType::q5_0, "Q5_0", 8},
                              {weft::DType::q5_1, "Q5_1", 9}, {weft::DType::q8_0, "Q8_0", 7}, {weft::DType::q4_k, "Q4_K", 14},
                              {weft::DType::q5_k, "Q5_K", 16}, {weft::DType::q6_k, "Q6_K", 18}};

const Format& format_of(std::string name) {
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  std::string known;
  for (const auto& format : formats) {
    if (format.name == name) return format;
    known += (known.empty() ? "" : ", ") + std::string(format.name);
  }
  weft::fail(weft::ErrorKind::argument, "no format is called ", name, "; expected one of ", known);
}

Settings parse(int argc, char** argv) {
  Settings s;
  CLI::App app{"Writes a model as GGUF with its matrices in another format."};
  example::add_model_option(app, s.model);
  app.add_option("-t,--type", s.type, "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K or Q6_K")->capture_default_str();
  app.add_option("--embedding", s.embedding, "another format for the embedding and the output matrix");
  app.add_option("-o,--output", s.output, "file to write (the model's name with the format's, in the current folder)");
  example::add_threads_option(app, s.threads);
  app.add_flag("-v,--verbose", s.verbose, "a line for every tensor");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e));
  }
  if (s.model.empty()) s.model = example::default_model().string();
  if (s.output.empty()) {
    const bool folder = std::filesystem::is_directory(s.model);
    auto stem = folder ? std::filesystem::absolute(s.model + "/.").parent_path().filename() : std::filesystem::path(s.model).stem();
    if (!folder && stem.has_extension() && stem.extension().string().size() > 2) stem = stem.stem();  // name.Q4_1.gguf
    s.output = fmt::format("{}.{}.gguf", stem.string(), format_of(s.type).name);
  }
  return s;
}

/// The format that a tensor gets: vectors, routers and tables of positions stay as they are; where a row is no whole number of
/// blocks, the next larger format whose blocks fit.
weft::DType target(const weft::RawTensor& tensor, weft::DType wanted) {
  if (tensor.shape.size() < 2 || tensor.name == "position_embd.weight" || tensor.name == "token_types.weight" ||
      tensor.name.find("ffn_gate_inp") != std::string::npos || !weft::can_dequantize(tensor.type))
    return tensor.type;
  const auto fits = [&](weft::DType type) { return tensor.shape.back() % static_cast<std::int64_t>(weft::info(type).values) == 0; };
  if (fits(wanted)) return wanted;
  const auto smaller = wanted == weft::DType::q4_k   ? weft::DType::q5_0
                       : wanted == weft::DType::q5_k ? weft::DType::q5_1
                                                     : weft::DType::q8_0;
  return fits(smaller) ? smaller : weft::DType::f16;
}

/// A tensor's bytes in another format, row by row on all workers, and the sums that its error is made of.
class Requantizer {
 public:
  Requantizer(weft::ThreadPool& pool, std::stop_token cancel) : pool_(pool), cancel_(std::move(cancel)) {}

  std::span<const std::byte> operator()(const weft::RawTensor& tensor, weft::DType type, std::uint64_t bytes) {
    if (type == tensor.type) return tensor.bytes;
    bytes_.resize(static_cast<std::size_t>(bytes));
    const auto cols = tensor.shape.back();
    std::int64_t rows = 1;
    for (std::size_t i = 0; i + 1 < tensor.shape.size(); ++i) rows *= tensor.shape[i];
    const auto from = tensor.bytes.size() / static_cast<std::size_t>(rows), to = bytes_.size() / static_cast<std::size_t>(rows);
    std::atomic<std::int64_t> next{0};
    std::exception_ptr failure;
    std::mutex guard;
    squares = errors = 0;
    pool_.run([&](weft::Team&) {
      std::vector<float> x(static_cast<std::size_t>(cols)), y(x.size());
      double own_squares = 0, own_errors = 0;
      try {
        for (std::int64_t row; (row = next.fetch_add(1)) < rows && !cancel_.stop_requested();) {
          std::byte* const out = bytes_.data() + static_cast<std::size_t>(row) * to;
          weft::dequantize(tensor.type, tensor.bytes.data() + static_cast<std::size_t>(row) * from, cols, x.data());
          weft::quantize(type, x.data(), cols, out);
          weft::dequantize(type, out, cols, y.data());
          for (std::size_t i = 0; i < x.size(); ++i) {
            const double value = static_cast<double>(x[i]), rest = static_cast<double>(y[i]) - value;
            own_squares += value * value;
            own_errors += rest * rest;
          }
        }
      } catch (...) {
        const std::lock_guard lock(guard);
        failure = std::current_exception();
        next = rows;
      }
      const std::lock_guard lock(guard);
      squares += own_squares;
      errors += own_errors;
    });
    if (failure) std::rethrow_exception(failure);
    if (cancel_.stop_requested()) weft::fail(weft::ErrorKind::cancelled, "stopped; nothing was written");
    return bytes_;
  }

  double squares = 0, errors = 0;  ///< of the last tensor: sums over its values

 private:
  weft::ThreadPool& pool_;
  std::stop_token cancel_;
  std::vector<std::byte> bytes_;
};

/// What is quantised: a GGUF file as it is, or a folder as GGUF would have it.
class Source {
 public:
  Source(const std::string& path, std::stop_token stop) {
    if (std::filesystem::is_directory(path)) {
      folder_.emplace(path);
      for (const auto& tensor : folder_->tensors()) tensors_.push_back({tensor.name, tensor.type, tensor.shape, {}});
    } else {
      gguf_.emplace(weft::Gguf::open(path, stop));
      tensors_ = gguf_->tensors.tensors();
    }
  }
  [[nodiscard]] const std::vector<weft::GgufPair>& pairs() const { return folder_ ? folder_->pairs() : gguf_->pairs(); }
  /// A folder's without their bytes.
  [[nodiscard]] const std::vector<weft::RawTensor>& tensors() const { return tensors_; }
  /// Tensor i with its bytes, valid until the next call.
  const weft::RawTensor& read(std::size_t i) {
    if (folder_)
      tensors_[i].bytes = folder_->bytes(i);
    else if (i > 0)
      gguf_->tensors.release(tensors_[i - 1].bytes);
    return tensors_[i];
  }

 private:
  std::optional<weft::FolderGguf> folder_;
  std::optional<weft::Gguf> gguf_;
  std::vector<weft::RawTensor> tensors_;
};

void quantize(const Settings& s) {
  const auto& format = format_of(s.type);
  const auto embedding = s.embedding.empty() ? format.type : format_of(s.embedding).type;
  const terminal::Interrupt interrupt;
  terminal::Progress progress(true);
  const auto start = std::chrono::steady_clock::now();
  Source source(s.model, interrupt.token());
  const auto& tensors = source.tensors();

  weft::GgufWriter writer;
  for (const auto& pair : source.pairs()) writer.set(pair);
  writer.set("general.file_type", format.file_type);
  writer.set("general.quantization_version", 2);
  std::vector<weft::GgufTensor> plan;
  std::uint64_t before = 0, after = 0;
  for (const auto& tensor : tensors) {
    const bool outer = tensor.name == "token_embd.weight" || tensor.name == "output.weight";
    const auto wanted = outer ? embedding : format.type;
    plan.push_back({tensor.name, target(tensor, wanted), tensor.shape});
    writer.add(plan.back());
    before += weft::bytes_of({tensor.name, tensor.type, tensor.shape});
    after += weft::bytes_of(plan.back());
    if (const auto got = plan.back().type; got != wanted && got != tensor.type)
      fmt::print("{}: {}, since its rows of {} are no whole number of blocks of {}\n", tensor.name, weft::name(got), tensor.shape.back(), weft::name(wanted));
  }

  weft::ThreadPool pool(s.threads);
  Requantizer requantize(pool, interrupt.token());
  double squares = 0, errors = 0;
  std::uint64_t done = 0;
  writer.write(s.output, [&](std::size_t i) {
    progress.show("quantize", static_cast<double>(done) / static_cast<double>(before));
    const auto& tensor = source.read(i);
    const auto bytes = requantize(tensor, plan[i].type, weft::bytes_of(plan[i]));
    done += tensor.bytes.size();
    if (plan[i].type != tensors[i].type) squares += requantize.squares, errors += requantize.errors;
    if (s.verbose) {
      progress.clear();
      fmt::print("{:<32} {:>5} -> {:<5}", tensors[i].name, weft::name(tensors[i].type), weft::name(plan[i].type));
      if (plan[i].type != tensors[i].type && requantize.squares > 0) fmt::print("  error {:.2e}", std::sqrt(requantize.errors / requantize.squares));
      fmt::print("\n");
    }
    return bytes;
  });
  progress.clear();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const auto row = [](std::string_view name, const std::string& text) {
    terminal::print(stdout, terminal::dim, "  {:<12} ", name);
    fmt::print("{}\n", text);
  };
  row("written", s.output);
  row("size", fmt::format("{:.1f} MB -> {:.1f} MB", static_cast<double>(before) / 1e6, static_cast<double>(after) / 1e6));
  if (squares > 0) row("error", fmt::format("{:.2e} of the weights' size, against the file that was read", std::sqrt(errors / squares)));
  row("took", fmt::format("{:.1f} s, {} threads", took.count(), pool.size()));
}

}  // namespace

int main(int argc, char** argv) try {
  quantize(parse(argc, argv));
} catch (...) {
  return example::report_error();
}
