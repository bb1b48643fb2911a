// Q4_K, interleaved by eight, by two or three rows of activations at once.
//
// llama.cpp takes what is left of a batch when fours are taken off (with two answers at once: all of
// it) row by row, and unpacks every weight once for each of them. Here it is unpacked once for all.
// Each number comes out as it would for its row alone: the integers are exact in any order, and
// floats are added in the order of ggml_gemv_q4_K_8x8_q8_K, which this is derived from:
// Copyright (c) 2023-2026 The ggml authors, MIT licence.

#pragma once

#if defined(__AVX2__)

// The scales and minima of one sub block of eight columns: 16 bytes, from six bits each.
static inline __m128i lapis_q4_K_scales(const uint8_t * packed) {
    uint32_t word[3];
    memcpy(word, packed, 12);
    const uint32_t six = 0x3f3f3f3f, four = 0x0f0f0f0f, two = 0x03030303;
    return _mm_set_epi32(
        ((word[2] >> 4) & four) | (((word[1] >> 6) & two) << 4), word[1] & six,
        (word[2] & four) | (((word[0] >> 6) & two) << 4), word[0] & six);
}

// Writes row y of `rows` to s + y * bs.
template <int rows>
static void lapis_gemv_q4_K_8x8_q8_K(int n, float * GGML_RESTRICT s, size_t bs, const void * GGML_RESTRICT vx, const void * GGML_RESTRICT vy, int nc) {
    const __m128i in_pairs  = _mm_set_epi8(15, 14, 7, 6, 13, 12, 5, 4, 11, 10, 3, 2, 9, 8, 1, 0);
    const __m128i scale_of  = _mm_set_epi8(7, 7, 3, 3, 6, 6, 2, 2, 5, 5, 1, 1, 4, 4, 0, 0);
    const __m256i in_order  = _mm256_set_epi32(7, 5, 3, 1, 6, 4, 2, 0);
    const __m256i nibble    = _mm256_set1_epi8(0x0F);

    const int64_t        nb = n / QK_K;
    const block_q4_Kx8 * b  = (const block_q4_Kx8 *) vx;
    const block_q8_K *   a  = (const block_q8_K *) vy;

    for (int64_t x = 0; x < nc / 8; x++) {
        __m256 sum[rows], sum_min[rows];
        for (int y = 0; y < rows; y++) {
            sum[y] = sum_min[y] = _mm256_setzero_ps();
        }

        for (int64_t block = 0; block < nb; block++, b++) {
            const __m256 block_scale = GGML_F32Cx8_REARRANGE_LOAD(b->d, in_pairs);
            const __m256 block_minimum = GGML_F32Cx8_LOAD(b->dmin);
            __m256i product[rows], product_min[rows], sums[rows];
            for (int y = 0; y < rows; y++) {
                product[y] = product_min[y] = _mm256_setzero_si256();
                const __m256i by_16 = _mm256_loadu_si256((const __m256i *) a[y * nb + block].bsums);
                const __m128i by_32 = _mm_hadd_epi16(_mm256_castsi256_si128(by_16), _mm256_extracti128_si256(by_16, 1));
                sums[y] = _mm256_broadcastsi128_si256(by_32);
            }

            for (int sb = 0; sb < QK_K / 64; sb++) {
                const __m128i low_scales  = lapis_q4_K_scales(b->scales + 24 * sb);
                const __m128i high_scales = lapis_q4_K_scales(b->scales + 24 * sb + 12);
                const __m256i low_scale   = _mm256_cvtepu8_epi16(_mm_shuffle_epi8(low_scales, scale_of));
                const __m256i high_scale  = _mm256_cvtepu8_epi16(_mm_shuffle_epi8(high_scales, scale_of));
                const __m256i minimum     = _mm256_cvtepu8_epi16(
                    _mm_unpacklo_epi8(_mm_shuffle_epi32(low_scales, 78), _mm_shuffle_epi32(high_scales, 78)));

                __m256i low[rows], high[rows];
                for (int y = 0; y < rows; y++) {
                    low[y] = high[y] = _mm256_setzero_si256();
                }

                for (int k = 0; k < 4; k++) {
                    const __m256i raw_0123 = _mm256_loadu_si256((const __m256i *) (b->qs + 256 * sb + 64 * k));
                    const __m256i raw_4567 = _mm256_loadu_si256((const __m256i *) (b->qs + 256 * sb + 64 * k + 32));
                    // Of eight weights of each column the first four, and the last four.
                    const __m256i first  = _mm256_blend_epi32(raw_0123, _mm256_shuffle_epi32(raw_4567, 177), 170);
                    const __m256i last   = _mm256_blend_epi32(_mm256_shuffle_epi32(raw_0123, 177), raw_4567, 170);
                    const __m256i first_low  = _mm256_and_si256(first, nibble);
                    const __m256i last_low   = _mm256_and_si256(last, nibble);
                    const __m256i first_high = _mm256_and_si256(_mm256_srli_epi16(first, 4), nibble);
                    const __m256i last_high  = _mm256_and_si256(_mm256_srli_epi16(last, 4), nibble);

                    for (int y = 0; y < rows; y++) {
                        const int8_t * q8 = a[y * nb + block].qs + 64 * sb + 8 * k;
                        int32_t        four[4];
                        memcpy(four, q8, 8);
                        memcpy(four + 2, q8 + 32, 8);
                        low[y]  = _mm256_add_epi16(low[y], _mm256_maddubs_epi16(first_low, _mm256_set1_epi32(four[0])));
                        low[y]  = _mm256_add_epi16(low[y], _mm256_maddubs_epi16(last_low, _mm256_set1_epi32(four[1])));
                        high[y] = _mm256_add_epi16(high[y], _mm256_maddubs_epi16(first_high, _mm256_set1_epi32(four[2])));
                        high[y] = _mm256_add_epi16(high[y], _mm256_maddubs_epi16(last_high, _mm256_set1_epi32(four[3])));
                    }
                }

                for (int y = 0; y < rows; y++) {
                    const __m256i both = _mm256_add_epi32(_mm256_madd_epi16(low[y], low_scale), _mm256_madd_epi16(high[y], high_scale));
                    product[y]     = _mm256_add_epi32(product[y], both);
                    product_min[y] = _mm256_add_epi32(product_min[y], _mm256_madd_epi16(_mm256_shuffle_epi32(sums[y], 0), minimum));
                    sums[y]        = _mm256_bsrli_epi128(sums[y], 4);
                }
            }

            for (int y = 0; y < rows; y++) {
                const __m256 of_row = _mm256_set1_ps(a[y * nb + block].d);
                sum[y]     = _mm256_fmadd_ps(_mm256_cvtepi32_ps(product[y]), _mm256_mul_ps(block_scale, of_row), sum[y]);
                sum_min[y] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(product_min[y]), _mm256_mul_ps(block_minimum, of_row), sum_min[y]);
            }
        }

        for (int y = 0; y < rows; y++) {
            _mm256_storeu_ps(s + y * bs + x * 8, _mm256_sub_ps(_mm256_permutevar8x32_ps(sum[y], in_order), sum_min[y]));
        }
    }
}

#endif
