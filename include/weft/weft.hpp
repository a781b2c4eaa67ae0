// Weft: decoding with large language models. This header is the library for the CPU. The oracle has a header of its own,
// weft/backend/reference.hpp, since Eigen costs a second of compile time.
#pragma once

#include "weft/backend/cpu/cpu.hpp"
#include "weft/core/error.hpp"
#include "weft/decode/generate.hpp"
#include "weft/model/batch.hpp"
#include "weft/instances.hpp"
#include "weft/model/model.hpp"
#include "weft/model/sequence.hpp"
#include "weft/sample/dry_breakers.hpp"
#include "weft/sample/parameters.hpp"
#include "weft/sample/prefix_allowed_tokens.hpp"
#include "weft/text/stream_decoder.hpp"
#include "weft/text/tokenizer.hpp"
#include "weft/version.hpp"
