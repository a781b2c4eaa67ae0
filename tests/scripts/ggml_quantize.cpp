// Quantises floats from a file with llama.cpp's own quantisers: ggml_quantize TYPE(12: Q4_K, 13: Q5_K, 14: Q6_K) FLOATS BLOCKS
// Build against llama.cpp's library: c++ -O2 ggml_quantize.cpp libggml-base.a -fopenmp -lpthread -ldl
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

extern "C" {
void quantize_row_q4_K_ref(const float*, void*, std::int64_t);
void quantize_row_q5_K_ref(const float*, void*, std::int64_t);
void quantize_row_q6_K_ref(const float*, void*, std::int64_t);
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const int type = std::atoi(argv[1]);
  std::vector<float> values;
  std::FILE* in = std::fopen(argv[2], "rb");
  for (float x; in != nullptr && std::fread(&x, sizeof x, 1, in) == 1;) values.push_back(x);
  std::vector<char> blocks(values.size() / 256 * (type == 12 ? 144 : type == 13 ? 176 : 210));
  (type == 12 ? quantize_row_q4_K_ref : type == 13 ? quantize_row_q5_K_ref : quantize_row_q6_K_ref)(
      values.data(), blocks.data(), static_cast<std::int64_t>(values.size()));
  std::FILE* out = std::fopen(argv[3], "wb");
  return out != nullptr && std::fwrite(blocks.data(), 1, blocks.size(), out) == blocks.size() && std::fclose(out) == 0 ? 0 : 1;
}
