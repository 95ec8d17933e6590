/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-index-private.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Positions are gathered here before it is known how many there are: on the stack as long as lines are of ordinary
 * length, so that an index takes one allocation of its exact size. */
#define BLOCK 64 /* four times 16; a bit for each */
#define LOCAL_POSITIONS (1024 + BLOCK)

typedef struct
{
  guint32 *positions;
  guint32 *heap; /* NULL while local is enough */
  gsize    n;
  gsize    capacity;
  gboolean ascii;
  gboolean has_nul;
  gboolean has_cr;
  guint32  local[LOCAL_POSITIONS];
} Gathered;

static void
gathered_init (Gathered *self)
{
  self->positions = self->local;
  self->heap = NULL;
  self->n = 0;
  self->capacity = LOCAL_POSITIONS;
}

static void
gathered_grow (Gathered *self)
{
  gsize capacity = 2 * self->capacity;

  self->heap = g_renew (guint32, self->heap, capacity);
  if (self->positions == self->local)
    memcpy (self->heap, self->local, self->n * sizeof (guint32));
  self->positions = self->heap;
  self->capacity = capacity;
}

/* Room for one more block full of line feeds. */
static inline void
gathered_reserve (Gathered *self)
{
  if (G_UNLIKELY (self->n + BLOCK > self->capacity))
    gathered_grow (self);
}

/* The byte that is looked for; CR and LF are two. */
static guint8
get_byte (ProcstreamLineMark mark)
{
  return mark < PROCSTREAM_LINE_MARK_FIRST_BYTE ? '\n' : mark - PROCSTREAM_LINE_MARK_FIRST_BYTE;
}

const guint8 *
procstream_line_mark_find (ProcstreamLineMark mark,
                           const guint8      *data,
                           gsize              size)
{
  const guint8 *found = memchr (data, get_byte (mark), size);
  const guint8 *cr = NULL;

  if (mark == PROCSTREAM_LINE_MARK_CR_OR_LF)
    cr = memchr (data, '\r', found ? (gsize) (found - data) : size);
  return cr ? cr : found;
}

static ProcstreamLineIndex *
gathered_finish (Gathered          *self,
                 ProcstreamLineMark mark)
{
  ProcstreamLineIndex *index = g_malloc (sizeof (ProcstreamLineIndex) + self->n * sizeof (guint32));

  index->n_positions = self->n;
  index->mark = mark;
  index->ascii = self->ascii;
  index->has_nul = self->has_nul && mark != procstream_line_mark_of_byte (0);
  index->has_cr = self->has_cr;
  memcpy (index->positions, self->positions, self->n * sizeof (guint32));
  g_free (self->heap);
  return index;
}

/* --- Everywhere --------------------------------------------------------------------------------------------------------------- */

#define EACH_BYTE(b) (G_GUINT64_CONSTANT (0x0101010101010101) * (b))

/* Not 0 exactly when one of the eight bytes is 0. */
static inline guint64
find_zero (guint64 word)
{
  return (word - EACH_BYTE (0x01)) & ~word & EACH_BYTE (0x80);
}

static void
look_portable (Gathered     *self,
               const guint8 *data,
               gsize         size)
{
  guint64 high = 0, nul = 0, cr = 0;
  gsize   i = 0;

  for (; i + 8 <= size; i += 8)
    {
      guint64 word;

      memcpy (&word, data + i, 8);
      high |= word;
      nul |= find_zero (word);
      cr |= find_zero (word ^ EACH_BYTE ('\r'));
    }
  for (; i < size; i++)
    {
      high |= data[i];
      nul |= data[i] == 0;
      cr |= data[i] == '\r';
    }
  self->ascii = (high & EACH_BYTE (0x80)) == 0;
  self->has_nul = nul != 0;
  self->has_cr = cr != 0;
}

ProcstreamLineIndex *
procstream_line_index_new_portable (const guint8      *data,
                                    gsize              size,
                                    ProcstreamLineMark mark)
{
  Gathered gathered;
  gsize    from = 0;

  g_assert (size <= G_MAXUINT32 && mark != PROCSTREAM_LINE_MARK_NONE);
  gathered_init (&gathered);
  look_portable (&gathered, data, size);
  while (from < size)
    {
      const guint8 *found = procstream_line_mark_find (mark, data + from, size - from);

      if (found == NULL)
        break;
      gathered_reserve (&gathered);
      gathered.positions[gathered.n++] = found - data;
      from = found - data + 1;
    }
  return gathered_finish (&gathered, mark);
}

/* --- With SSE2, which every x86-64 has ------------------------------------------------------------------------------------------ */

#ifdef __SSE2__

typedef struct
{
  __m128i high;
  __m128i lowest;
  __m128i cr;
} Seen;

/* These are inlined into each of their callers, for which byte and or_cr are constants. A bit for each marked one of 16 bytes. */
static inline __attribute__ ((always_inline)) guint64
look_sse2 (Seen         *seen,
           const guint8 *data,
           guint8        byte,
           gboolean      or_cr)
{
  __m128i bytes = _mm_loadu_si128 ((const __m128i *) (gconstpointer) data);
  __m128i crs = _mm_cmpeq_epi8 (bytes, _mm_set1_epi8 ('\r'));
  __m128i found = _mm_cmpeq_epi8 (bytes, _mm_set1_epi8 ((char) byte));

  seen->high = _mm_or_si128 (seen->high, bytes);
  seen->lowest = _mm_min_epu8 (seen->lowest, bytes);
  seen->cr = _mm_or_si128 (seen->cr, crs);
  if (or_cr)
    found = _mm_or_si128 (found, crs);
  return (guint) _mm_movemask_epi8 (found);
}

static inline __attribute__ ((always_inline)) void
gather_block (Gathered     *gathered,
              Seen         *seen,
              const guint8 *data,
              guint32       offset,
              guint8        byte,
              gboolean      or_cr)
{
  guint64 mask = look_sse2 (seen, data, byte, or_cr);

  mask |= look_sse2 (seen, data + 16, byte, or_cr) << 16;
  mask |= look_sse2 (seen, data + 32, byte, or_cr) << 32;
  mask |= look_sse2 (seen, data + 48, byte, or_cr) << 48;
  if (mask == 0)
    return;
  gathered_reserve (gathered);
  for (; mask != 0; mask &= mask - 1)
    gathered->positions[gathered->n++] = offset + (guint32) __builtin_ctzll (mask);
}

/* Which byte fills up a block, so that nothing is found or seen in it. */
static inline guint8
get_filler (guint8 byte)
{
  return byte == ' ' ? '!' : ' ';
}

static inline __attribute__ ((always_inline)) ProcstreamLineIndex *
line_index_new_sse2 (const guint8      *data,
                     gsize              size,
                     ProcstreamLineMark mark,
                     guint8             byte,
                     gboolean           or_cr)
{
  Gathered gathered;
  Seen     seen = { _mm_setzero_si128 (), _mm_set1_epi8 (-1), _mm_setzero_si128 () };
  gsize    whole = size - size % BLOCK;

  gathered_init (&gathered);
  for (gsize i = 0; i < whole; i += BLOCK)
    gather_block (&gathered, &seen, data + i, i, byte, or_cr);
  if (whole < size)
    {
      guint8 rest[BLOCK];

      memset (rest, get_filler (byte), BLOCK);
      memcpy (rest, data + whole, size - whole);
      gather_block (&gathered, &seen, rest, whole, byte, or_cr);
    }
  gathered.ascii = _mm_movemask_epi8 (seen.high) == 0;
  gathered.has_nul = _mm_movemask_epi8 (_mm_cmpeq_epi8 (seen.lowest, _mm_setzero_si128 ())) != 0;
  gathered.has_cr = _mm_movemask_epi8 (seen.cr) != 0;
  return gathered_finish (&gathered, mark);
}

static ProcstreamLineIndex *
line_index_new_of_lf (const guint8 *data,
                      gsize         size)
{
  return line_index_new_sse2 (data, size, PROCSTREAM_LINE_MARK_LF, '\n', FALSE);
}

static ProcstreamLineIndex *
line_index_new_of_byte (const guint8      *data,
                        gsize              size,
                        ProcstreamLineMark mark)
{
  return line_index_new_sse2 (data, size, mark, get_byte (mark), FALSE);
}

static ProcstreamLineIndex *
line_index_new_of_cr_or_lf (const guint8 *data,
                            gsize         size)
{
  return line_index_new_sse2 (data, size, PROCSTREAM_LINE_MARK_CR_OR_LF, '\n', TRUE);
}

#endif

/* --- Interface ---------------------------------------------------------------------------------------------------------------- */

ProcstreamLineIndex *
procstream_line_index_new (const guint8      *data,
                           gsize              size,
                           ProcstreamLineMark mark)
{
  g_assert (size <= G_MAXUINT32 && mark != PROCSTREAM_LINE_MARK_NONE);
#ifdef __SSE2__
  if (G_LIKELY (mark == PROCSTREAM_LINE_MARK_LF))
    return line_index_new_of_lf (data, size);
  if (mark == PROCSTREAM_LINE_MARK_CR_OR_LF)
    return line_index_new_of_cr_or_lf (data, size);
  return line_index_new_of_byte (data, size, mark);
#else
  return procstream_line_index_new_portable (data, size, mark);
#endif
}

void
procstream_line_index_free (ProcstreamLineIndex *self)
{
  g_free (self);
}

gsize
procstream_line_index_get_memory (const ProcstreamLineIndex *self)
{
  return sizeof (ProcstreamLineIndex) + self->n_positions * sizeof (guint32);
}
