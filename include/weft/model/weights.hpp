// The weights of a model, packed for one backend: which tensor goes where, checked against the spec, packed in parallel.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <exception>
#include <functional>
#include <initializer_list>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "weft/core/error.hpp"
#include "weft/core/thread_pool.hpp"
#include "weft/core/xxh64.hpp"
#include "weft/model/model_file.hpp"
#include "weft/quant/dequantize.hpp"

namespace weft {

template <class B>
struct Linear {
  typename B::Weight weight;
  std::vector<float> bias;  ///< empty, or [rows]
};

struct NormWeights {
  std::vector<float> weight, bias;
};

template <class B>
struct LayerWeights {
  NormWeights attention_norm, mlp_norm;
  Linear<B> q, k, v, out, gate, up, down;
};

template <class B>
struct Weights {
  typename B::Weight embedding, positions, head;  ///< head is empty when tied to the embedding
  NormWeights final_norm;
  std::vector<LayerWeights<B>> layers;
  std::uint64_t digest = 0;  ///< of every tensor as the file has it: role, type, shape, bytes
};

/// Reads the tensors of a ModelFile into Weights, in parts of whole panels of about `part_bytes`. Progress: called on the loading thread, after
/// each of its parts, with bytes packed so far and in all. A load can be cancelled between parts (between matrices, where the backend packs
/// only whole ones), and a part stays in the cache from being hashed to being packed.
template <class B>
class WeightLoader {
 public:
  using Progress = std::function<void(std::size_t done, std::size_t total)>;
  static constexpr std::size_t usual_part = std::size_t{256} << 10;  // packed in less than a millisecond

  explicit WeightLoader(const ModelFile& file, std::size_t part_bytes = usual_part) : file_(file), part_bytes_(part_bytes), used_(file.tensors.tensors().size()) {}

  /// Throws Error(format, shape, unsupported) naming the tensor, Error(cancelled).
  Weights<B> load(ThreadPool& pool, std::stop_token stop, const Progress& progress) {
    const auto& spec = file_.spec;
    Weights<B> weights;
    weights.layers.resize(spec.layers.size());
    // In the order in which a pass reads them: a tied embedding is the head, and comes last.
    if (!file_.tied_head) matrix(Role::embedding, 0, spec.vocab_size, spec.width, weights.embedding);
    if (spec.learned_positions) {
      const auto& table = tensor(Role::position_embedding, 0);
      matrix(Role::position_embedding, 0, table.shape.empty() ? 0 : table.shape[0], spec.width, weights.positions);
    }
    for (std::size_t i = 0; i < spec.layers.size(); ++i) layer(static_cast<std::int64_t>(i), spec.layers[i], weights.layers[i]);
    norm(Role::final_norm, Role::final_norm_bias, 0, spec.final_norm, weights.final_norm);
    matrix(file_.tied_head ? Role::embedding : Role::head, 0, spec.vocab_size, spec.width, file_.tied_head ? weights.embedding : weights.head);
    if (const auto name = file_.names.name(Role::rope_factors); !name.empty())
      if (const auto* factors = file_.tensors.find(name)) use(*factors);
    refuse_unused();
    pack(pool, stop, progress);
    for (const auto& job : jobs_) {
      note(job.tensor->name, job.raw.type, {job.raw.rows, job.raw.cols, job.first_row}, job.digest);
    }
    weights.digest = digest_.digest();
    return weights;
  }

 private:
  struct Job {
    RawMatrix raw;
    const RawTensor* tensor = nullptr;
    bool transposed = false;        ///< the tensor is [cols, all rows]
    std::int64_t first_row = 0;     ///< of the tensor's rows
    typename B::Weight* target = nullptr;
    std::uint64_t digest = 0;
  };

  const RawTensor& tensor(Role role, std::int64_t layer) {
    const auto& found = file_.tensors.at(file_.names.name(role, layer));
    use(found);
    return found;
  }
  void use(const RawTensor& tensor) { used_[static_cast<std::size_t>(&tensor - file_.tensors.tensors().data())] = true; }

  [[noreturn]] void wrong_shape(const RawTensor& t, std::initializer_list<std::int64_t> expected) const {
    const auto text = [](const auto& shape) {
      std::string joined;
      for (const auto extent : shape) joined += (joined.empty() ? "" : ", ") + std::to_string(extent);
      return "[" + joined + "]";
    };
    fail(ErrorKind::shape, file_.tensors.source, ": tensor '", t.name, "' has shape ", text(t.shape), "; expected ", text(expected));
  }

  void check_type(const RawTensor& t) const {
    if (!can_dequantize(t.type))
      fail(ErrorKind::unsupported, file_.tensors.source, ": tensor '", t.name, "' has type ", name(t.type),
           ", which this build cannot compute with; supported: F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, IQ4_NL, IQ4_XS, MXFP4");
  }

  /// Rows [first, first + rows) of a tensor of all_rows x cols.
  void part(Role role, std::int64_t layer, std::int64_t first, std::int64_t rows, std::int64_t all_rows, std::int64_t cols,
            typename B::Weight& target) {
    const auto& t = tensor(role, layer);
    const bool transposed = file_.names.transposed(role);
    const auto outer = transposed ? cols : all_rows, inner = transposed ? all_rows : cols;
    if (t.shape != std::vector<std::int64_t>{outer, inner}) wrong_shape(t, {outer, inner});
    check_type(t);
    const auto& type = info(t.type);
    if (transposed && type.values != 1)
      fail(ErrorKind::unsupported, file_.tensors.source, ": tensor '", t.name, "' has block type ", type.name, ", which cannot be transposed");
    Job job;
    job.raw = {t.type, rows, cols, t.bytes.data(), t.name};
    job.tensor = &t;
    job.transposed = transposed;
    job.first_row = first;
    if (!transposed) job.raw.data += static_cast<std::size_t>(first) * job.raw.row_bytes();
    job.target = &target;
    jobs_.push_back(job);
  }
  void matrix(Role role, std::int64_t layer, std::int64_t rows, std::int64_t cols, typename B::Weight& target) {
    part(role, layer, 0, rows, rows, cols, target);
  }

  /// Values [first, first + count) of a vector of all values; left empty when the file has none.
  void optional_vector(Role role, std::int64_t layer, std::int64_t first, std::int64_t count, std::int64_t all,
                       std::vector<float>& out) {
    const auto name = file_.names.name(role, layer);
    if (name.empty() || !file_.tensors.find(name)) return;
    const auto& t = tensor(role, layer);
    if (t.shape != std::vector<std::int64_t>{all}) wrong_shape(t, {all});
    check_type(t);
    std::vector<float> values(static_cast<std::size_t>(all));
    dequantize(t.type, t.bytes.data(), all, values.data());
    note(name, t.type, {count, 1, first}, xxh64(t.bytes));
    out.assign(values.begin() + first, values.begin() + first + count);
  }

  void norm(Role weight, Role bias, std::int64_t layer, const Norm& norm, NormWeights& out) {
    (void)tensor(weight, layer);  // required: says so when missing
    optional_vector(weight, layer, 0, file_.spec.width, file_.spec.width, out.weight);
    if (norm.kind == NormKind::layer) optional_vector(bias, layer, 0, file_.spec.width, file_.spec.width, out.bias);
  }

  void linear(Role weight, Role bias, std::int64_t layer, std::int64_t rows, std::int64_t cols, Linear<B>& out) {
    matrix(weight, layer, rows, cols, out.weight);
    optional_vector(bias, layer, 0, rows, rows, out.bias);
  }

  void layer(std::int64_t i, const LayerSpec& spec, LayerWeights<B>& out) {
    const auto width = file_.spec.width;
    const auto q = spec.attention.q_width(), kv = spec.attention.kv_width(), all = q + 2 * kv;
    norm(Role::attention_norm, Role::attention_norm_bias, i, spec.attention_norm, out.attention_norm);
    if (file_.names.find(Role::qkv)) {
      const std::int64_t firsts[] = {0, q, q + kv}, counts[] = {q, kv, kv};
      Linear<B>* const targets[] = {&out.q, &out.k, &out.v};
      for (int p = 0; p < 3; ++p) {
        part(Role::qkv, i, firsts[p], counts[p], all, width, targets[p]->weight);
        optional_vector(Role::qkv_bias, i, firsts[p], counts[p], all, targets[p]->bias);
      }
    } else {
      linear(Role::q, Role::q_bias, i, q, width, out.q);
      linear(Role::k, Role::k_bias, i, kv, width, out.k);
      linear(Role::v, Role::v_bias, i, kv, width, out.v);
    }
    linear(Role::attention_out, Role::attention_out_bias, i, width, q, out.out);
    norm(Role::mlp_norm, Role::mlp_norm_bias, i, spec.mlp_norm, out.mlp_norm);
    if (spec.mlp.gated) linear(Role::gate, Role::gate_bias, i, spec.mlp.hidden, width, out.gate);
    linear(Role::up, Role::up_bias, i, spec.mlp.hidden, width, out.up);
    linear(Role::down, Role::down_bias, i, width, spec.mlp.hidden, out.down);
  }

  /// A tensor that nobody asked for might change the numbers: better to say so than to compute something else.
  void refuse_unused() const {
    const auto& tensors = file_.tensors.tensors();
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      if (used_[i]) continue;
      const auto& t = tensors[i];
      const bool ignored = std::any_of(file_.ignored.begin(), file_.ignored.end(), [&](auto end) { return t.name.ends_with(end); });
      if (!ignored)
        fail(ErrorKind::unsupported, file_.tensors.source, ": tensor '", t.name, "' is not part of the architecture '",
             file_.spec.architecture, "' as this build knows it; ignoring it might change the results");
    }
  }

  /// Where weights can be placed before they are filled, they lie in one arena, in the order of the jobs.
  void place() {
    if constexpr (FillsParts<B>) {
      typename B::Arena arena;
      for (const auto& job : jobs_) *job.target = B::place(job.raw, &arena);
    }
  }
  /// Packs the rows of a part, which start at `first_row` of the target.
  static void fill(const RawMatrix& part, std::int64_t first_row, typename B::Weight& target) {
    if constexpr (FillsParts<B>)
      B::fill(part, target, first_row / panel_rows);
    else
      target = B::pack(part);
  }
  [[nodiscard]] std::int64_t rows_of_a_part(const RawMatrix& raw) const {
    if constexpr (!FillsParts<B>) return raw.rows;
    const auto panels = part_bytes_ / (raw.row_bytes() * static_cast<std::size_t>(panel_rows));
    return std::max(static_cast<std::int64_t>(panels), std::int64_t{1}) * panel_rows;
  }

  /// Adds a tensor to the digest of the weights.
  void note(std::string_view name, DType type, std::array<std::int64_t, 3> shape, std::uint64_t digest) {
    digest_.update(std::as_bytes(std::span(name)));
    digest_.update(std::as_bytes(std::span(&type, 1)));
    digest_.update(std::as_bytes(std::span(shape)));
    digest_.update(std::as_bytes(std::span(&digest, 1)));
  }

  /// `look` throws when the load is cancelled; `packed` is told the bytes of each part.
  template <class Look, class Packed>
  void pack_one(Job& job, const Look& look, const Packed& packed) const {
    Xxh64 digest;  // taken while the bytes are being read anyway
    if (job.transposed) hash(job.tensor->bytes, digest, look);  // what is divided by columns shares all of it
    std::vector<std::byte> turned;
    const auto step = rows_of_a_part(job.raw);
    for (std::int64_t row = 0; row < job.raw.rows; row += step) {
      look();
      const auto count = std::min(step, job.raw.rows - row);
      const RawMatrix part = job.transposed ? turn(job, row, count, turned) : job.raw.part(row, count);
      if (!job.transposed) digest.update({part.data, part.bytes()});
      fill(part, row, *job.target);
      // from the beginning: with a page that is read the system maps some before it
      if (!job.transposed) file_.tensors.release({job.raw.data, part.data + part.bytes()});
      packed(part.bytes());
    }
    job.digest = digest.digest();
    file_.tensors.release(job.tensor->bytes);
  }

  template <class Look>
  static void hash(std::span<const std::byte> bytes, Xxh64& digest, const Look& look) {
    while (!bytes.empty()) {
      look();
      const auto part = bytes.first(std::min(bytes.size(), usual_part));
      digest.update(part);
      bytes = bytes.subspan(part.size());
    }
  }

  /// Conv1D stores [in, out]: some of the wanted columns, gathered into rows.
  static RawMatrix turn(const Job& job, std::int64_t first, std::int64_t count, std::vector<std::byte>& turned) {
    const RawMatrix part{job.raw.type, count, job.raw.cols, nullptr, job.raw.name};
    turned.resize(part.bytes());
    const auto size = static_cast<std::size_t>(info(part.type).bytes);
    const auto rows = static_cast<std::size_t>(count), cols = static_cast<std::size_t>(part.cols);
    const auto all = static_cast<std::size_t>(job.tensor->shape[1]), at = static_cast<std::size_t>(job.first_row + first);
    for (std::size_t c = 0; c < cols; ++c)
      for (std::size_t r = 0; r < rows; ++r)
        std::memcpy(turned.data() + (r * cols + c) * size, job.raw.data + (c * all + at + r) * size, size);
    return {part.type, part.rows, part.cols, turned.data(), part.name};
  }

  /// Largest first: the work divides evenly, and what is mapped and what is packed are never both at their peak.
  void pack(ThreadPool& pool, std::stop_token stop, const Progress& progress) {
    place();
    const auto cost = [](const Job& job) { return job.raw.rows * job.raw.cols; };
    std::stable_sort(jobs_.begin(), jobs_.end(), [&](const Job& a, const Job& b) { return cost(a) > cost(b); });
    std::size_t total = 0;
    for (const auto& job : jobs_) total += job.raw.bytes();
    std::atomic<std::size_t> next{0}, done{0};
    std::exception_ptr failure;
    std::mutex failure_mutex;
    const auto look = [&] { check_loading(stop, file_.tensors.source); };
    pool.run([&](Team& team) {
      const auto packed = [&](std::size_t bytes) {
        const std::size_t so_far = done += bytes;
        if (progress && team.worker() == 0) progress(so_far, total);
      };
      for (std::size_t i; (i = next.fetch_add(1)) < jobs_.size();) {
        try {
          pack_one(jobs_[i], look, packed);
        } catch (...) {
          const std::lock_guard lock(failure_mutex);
          if (!failure) failure = std::current_exception();
          next = jobs_.size();
        }
      }
    });
    if (failure) std::rethrow_exception(failure);
    if (progress) progress(total, total);
  }

  const ModelFile& file_;
  std::size_t part_bytes_;
  std::vector<bool> used_;  ///< by tensor of the file
  std::vector<Job> jobs_;
  Xxh64 digest_;
};

}  // namespace weft
