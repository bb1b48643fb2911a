// Q6_K: two rows of weights by two rows of activations.
//
// llama.cpp asks for such a kernel where a type says so (`nrows` of its traits), which on x86 none
// does; without it every weight is unpacked once for each row of a batch, also in long prompts. Each
// number comes out as it would for its two rows alone: the integers are exact in any order, and floats
// are added in the order of ggml_vec_dot_q6_K_q8_K, which this is derived from:
// Copyright (c) 2023-2026 The ggml authors, MIT licence.

#pragma once

#if defined(__AVX2__)

// Of the 128 weights at `ql` and `qh` the part `k` of four: 32 numbers from 0 to 63.
static inline __m256i lapis_q6_K_part(const uint8_t * ql, const uint8_t * qh, int k) {
    const __m256i low  = _mm256_loadu_si256((const __m256i *) (ql + 32 * (k % 2)));
    const __m256i high = _mm256_loadu_si256((const __m256i *) qh);
    const __m256i four = _mm256_and_si256(k < 2 ? low : _mm256_srli_epi16(low, 4), _mm256_set1_epi8(15));
    const __m256i two  = k < 2 ? _mm256_slli_epi16(high, 4 - 2 * k) : _mm256_srli_epi16(high, 2 * k - 4);
    return _mm256_or_si256(four, _mm256_and_si256(two, _mm256_set1_epi8(48)));
}

// Weights lie `bx` bytes apart, activations `by`; s[i + j * bs] gets weights i by activations j.
static void lapis_vec_dot_q6_K_q8_K_2x2(int nb, float * GGML_RESTRICT s, size_t bs, const void * GGML_RESTRICT vx, size_t bx, const void * GGML_RESTRICT vy, size_t by) {
    const block_q8_K * y0 = (const block_q8_K *) vy;
    const block_q8_K * y1 = (const block_q8_K *) ((const char *) vy + by);

    for (int row = 0; row < 2; row++) {
        const block_q6_K * x = (const block_q6_K *) ((const char *) vx + row * bx);
        __m256 sum0 = _mm256_setzero_ps();
        __m256 sum1 = _mm256_setzero_ps();

        for (int i = 0; i < nb; i++) {
            const __m128i scales  = _mm_loadu_si128((const __m128i *) x[i].scales);
            const __m256i by_16   = _mm256_cvtepi8_epi16(scales);
            // Weights are kept 32 too large.
            const __m256i excess0 = _mm256_slli_epi32(_mm256_madd_epi16(_mm256_loadu_si256((const __m256i *) y0[i].bsums), by_16), 5);
            const __m256i excess1 = _mm256_slli_epi32(_mm256_madd_epi16(_mm256_loadu_si256((const __m256i *) y1[i].bsums), by_16), 5);
            __m256i product0 = _mm256_setzero_si256();
            __m256i product1 = _mm256_setzero_si256();

            for (int part = 0; part < QK_K / 32; part++) {
                const __m256i weights = lapis_q6_K_part(x[i].ql + 64 * (part / 4), x[i].qh + 32 * (part / 4), part % 4);
                const __m256i scale   = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(scales, get_scale_shuffle(part)));
                const __m256i p0      = _mm256_maddubs_epi16(weights, _mm256_loadu_si256((const __m256i *) (y0[i].qs + 32 * part)));
                const __m256i p1      = _mm256_maddubs_epi16(weights, _mm256_loadu_si256((const __m256i *) (y1[i].qs + 32 * part)));
                product0 = _mm256_add_epi32(product0, _mm256_madd_epi16(scale, p0));
                product1 = _mm256_add_epi32(product1, _mm256_madd_epi16(scale, p1));
            }

            const float d = GGML_CPU_FP16_TO_FP32(x[i].d);
            sum0 = _mm256_fmadd_ps(_mm256_set1_ps(y0[i].d * d), _mm256_cvtepi32_ps(_mm256_sub_epi32(product0, excess0)), sum0);
            sum1 = _mm256_fmadd_ps(_mm256_set1_ps(y1[i].d * d), _mm256_cvtepi32_ps(_mm256_sub_epi32(product1, excess1)), sum1);
        }

        s[row]      = hsum_float_8(sum0);
        s[row + bs] = hsum_float_8(sum1);
    }
}

#endif
