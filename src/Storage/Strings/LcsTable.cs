using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using MiniRedis.Storage.Databases;
using MiniRedis.Storage.Memory;

namespace MiniRedis.Storage.Strings;

/// <summary>
/// The longest common subsequence of two strings. The usual table holds, in cell (i, j), the length for the first i bytes of one
/// string and the first j of the other, in four bytes. Two neighbours of a row differ by 0 or 1, so a bit a cell says as much,
/// and 64 of them are computed at once (Crochemore, Iliopoulos, Pinzon, Reid: A fast and practical bit-vector algorithm for the
/// longest common subsequence problem, 2001):
/// <code>
///   row      V, a bit for each byte of the second string: 0 where the cell is one more than its left neighbour
///   masks    M, for each value of a byte: 1 where the second string has that byte
///   next     V' = (V + (V and M)) or (V and not M)      for the first string's next byte; the sum carries from word to word
/// </code>
/// The length is the number of zeros in the last row. To find a subsequence one walks back from the last cell: to the upper left
/// where the two bytes are equal, else up if the cell above is larger than the left one, else left. Where the bytes differ, a
/// cell is the larger of those two, so the one above is larger just if the cell is more than its left neighbour: the one bit that
/// a row has.
/// </summary>
/// <remarks>
/// Rows are kept only if somebody wants to walk back. Redis's table takes 32 times the memory and some thirty times the time.
/// Memory is the arena's: dispose of it. The strings must stay as they are. Used by the thread of its database.
/// </remarks>
public unsafe ref struct LcsTable : IDisposable
{
    const int BitsPerWord = 64;
    const int ByteValues = 256;

    readonly Arena _arena;
    readonly ReadOnlySpan<byte> _first, _second;
    readonly int _words;

    // The current row, the masks, and, bytes of them only, the rows.
    ulong* _row, _masks;
    byte* _rows;

    /// <param name="database">Its memory is used: for the masks a bit for each byte of the second string and each value in the
    /// first, for the rows a bit a cell, rounded up to bytes in each row.</param>
    /// <param name="first">One string.</param>
    /// <param name="second">The other.</param>
    /// <param name="keepsRows">Whether <see cref="IsUpLarger"/> will be asked.</param>
    /// <exception cref="OutOfMemoryException">The system has no memory left.</exception>
    public LcsTable(Database database, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, bool keepsRows)
    {
        _arena = database.Arena;
        _first = first;
        _second = second;
        _words = (int)((second.Length + BitsPerWord - 1L) / BitsPerWord);
        if (first.IsEmpty || second.IsEmpty) return;
        try
        {
            Span<short> places = stackalloc short[ByteValues];
            FillMasks(places);
            _row = (ulong*)_arena.Allocate((nuint)_words * sizeof(ulong));
            if (keepsRows) _rows = _arena.Allocate((nuint)first.Length * RowBytes);
            FillRows(places);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    readonly nuint RowBytes => (nuint)(_second.Length + 7L) / 8;

    /// <summary>Bytes of the longest common subsequence.</summary>
    public int Length { get; private set; }

    /// <summary>
    /// Whether the cell above cell (<paramref name="i"/>, <paramref name="j"/>), both from 1, is larger than the one on its left.
    /// For cells whose two bytes differ.
    /// </summary>
    public readonly bool IsUpLarger(int i, int j)
    {
        Debug.Assert(_rows != null && _first[i - 1] != _second[j - 1]);
        return (_rows[(nuint)(i - 1) * RowBytes + (nuint)((j - 1) / 8)] >> ((j - 1) % 8) & 1) == 0;
    }

    /// <summary>Walks back and writes the subsequence.</summary>
    /// <param name="to"><see cref="Length"/> bytes.</param>
    public readonly void Write(Span<byte> to)
    {
        for (int i = _first.Length, j = _second.Length, left = Length; left > 0;)
        {
            if (_first[i - 1] == _second[j - 1])
            {
                to[--left] = _first[i - 1];
                i--;
                j--;
            }
            else if (IsUpLarger(i, j)) i--;
            else j--;
        }
    }

    /// <summary>Makes a mask for each value that the first string has.</summary>
    /// <param name="places">Gets, for each value of a byte, which mask is its own.</param>
    void FillMasks(scoped Span<short> places)
    {
        places.Fill(-1);
        short count = 0;
        foreach (var value in _first)
        {
            if (places[value] < 0) places[value] = count++;
        }
        var bytes = (nuint)count * (nuint)_words * sizeof(ulong);
        _masks = (ulong*)_arena.Allocate(bytes);
        NativeMemory.Clear(_masks, bytes);
        for (var j = 0; j < _second.Length; j++)
        {
            var place = places[_second[j]];
            if (place >= 0) Mask(place)[j / BitsPerWord] |= 1UL << j % BitsPerWord;
        }
    }

    readonly ulong* Mask(short place) => _masks + (nuint)place * (nuint)_words;

    void FillRows(scoped ReadOnlySpan<short> places)
    {
        var row = _row;
        new Span<ulong>(row, _words).Fill(ulong.MaxValue);
        var kept = _rows;
        foreach (var value in _first)
        {
            var mask = Mask(places[value]);
            ulong carry = 0;
            for (var w = 0; w < _words; w++)
            {
                var v = row[w];
                var sum = v + (v & mask[w]);
                var carried = sum + carry;
                carry = (sum < v ? 1UL : 0) | (carried < sum ? 1UL : 0);
                row[w] = carried | v & ~mask[w];
            }
            if (kept == null) continue;
            Buffer.MemoryCopy(row, kept, RowBytes, RowBytes);
            kept += RowBytes;
        }
        // Behind the string's end nothing matches, so the bits stay ones.
        for (var w = 0; w < _words; w++) Length += BitOperations.PopCount(~row[w]);
    }

    public void Dispose()
    {
        if (_row != null) _arena.Free((byte*)_row);
        if (_masks != null) _arena.Free((byte*)_masks);
        if (_rows != null) _arena.Free(_rows);
        _row = _masks = null;
        _rows = null;
    }
}
