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
#include <unordered_set>
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

/// Reads the tensors of a ModelFile into Weights. Progress: called on the loading thread with bytes packed so far and in all.
template <class B>
class WeightLoader {
 public:
  using Progress = std::function<void(std::size_t done, std::size_t total)>;

  explicit WeightLoader(const ModelFile& file) : file_(file) {}

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
    if (const auto name = file_.names.name(Role::rope_factors); !name.empty()) used_.insert(name);
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
    const auto name = file_.names.name(role, layer);
    used_.insert(name);
    return file_.tensors.at(name);
  }

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
    if (!transposed) job.raw.data += first * (cols / static_cast<std::int64_t>(type.values)) * static_cast<std::int64_t>(type.bytes);
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
    for (const auto& t : file_.tensors.tensors()) {
      if (used_.contains(t.name)) continue;
      const bool ignored = std::any_of(file_.ignored.begin(), file_.ignored.end(), [&](auto end) { return t.name.ends_with(end); });
      if (!ignored)
        fail(ErrorKind::unsupported, file_.tensors.source, ": tensor '", t.name, "' is not part of the architecture '",
             file_.spec.architecture, "' as this build knows it; ignoring it might change the results");
    }
  }

  /// Backends with an arena get their weights placed there, in the order of the jobs.
  void place() {
    if constexpr (requires { typename B::Arena; }) {
      typename B::Arena arena;
      for (const auto& job : jobs_) *job.target = B::place(job.raw, &arena);
    }
  }
  static void fill(const RawMatrix& raw, typename B::Weight& target) {
    if constexpr (requires { typename B::Arena; })
      B::fill(raw, target);
    else
      target = B::pack(raw);
  }

  /// Adds a tensor to the digest of the weights.
  void note(std::string_view name, DType type, std::array<std::int64_t, 3> shape, std::uint64_t digest) {
    digest_.update(std::as_bytes(std::span(name)));
    digest_.update(std::as_bytes(std::span(&type, 1)));
    digest_.update(std::as_bytes(std::span(shape)));
    digest_.update(std::as_bytes(std::span(&digest, 1)));
  }

  void pack_one(Job& job) const {
    // while its bytes are being read anyway; the parts of a tensor that is divided by columns share all of it
    const auto bytes = static_cast<std::size_t>(job.raw.rows) * (static_cast<std::size_t>(job.raw.cols) / info(job.raw.type).values) * info(job.raw.type).bytes;
    job.digest = xxh64(job.transposed ? job.tensor->bytes : std::span(job.raw.data, bytes));
    if (!job.transposed) {
      fill(job.raw, *job.target);
      return;
    }
    // Conv1D stores [in, out]: gather the wanted columns into rows.
    const auto size = static_cast<std::size_t>(info(job.raw.type).bytes);
    const auto rows = static_cast<std::size_t>(job.raw.rows), cols = static_cast<std::size_t>(job.raw.cols);
    const auto all = static_cast<std::size_t>(job.tensor->shape[1]), first = static_cast<std::size_t>(job.first_row);
    std::vector<std::byte> turned(rows * cols * size);
    for (std::size_t c = 0; c < cols; ++c)
      for (std::size_t r = 0; r < rows; ++r)
        std::memcpy(turned.data() + (r * cols + c) * size, job.raw.data + (c * all + first + r) * size, size);
    auto raw = job.raw;
    raw.data = turned.data();
    fill(raw, *job.target);
  }

  /// Largest first: the work divides evenly, and what is mapped and what is packed are never both at their peak.
  void pack(ThreadPool& pool, std::stop_token stop, const Progress& progress) {
    place();
    const auto cost = [](const Job& job) { return job.raw.rows * job.raw.cols; };
    std::stable_sort(jobs_.begin(), jobs_.end(), [&](const Job& a, const Job& b) { return cost(a) > cost(b); });
    std::size_t total = 0;
    for (const auto& job : jobs_) total += job.tensor->bytes.size();
    std::atomic<std::size_t> next{0}, done{0};
    std::exception_ptr failure;
    std::mutex failure_mutex;
    pool.run([&](Team& team) {
      for (std::size_t i; (i = next.fetch_add(1)) < jobs_.size();) {
        try {
          check_loading(stop, file_.tensors.source);
          pack_one(jobs_[i]);
          file_.tensors.release(*jobs_[i].tensor);
          done += jobs_[i].tensor->bytes.size();
          if (progress && team.worker() == 0) progress(done.load(), total);
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
  std::unordered_set<std::string> used_;
  std::vector<Job> jobs_;
  Xxh64 digest_;
};

}  // namespace weft
