using System.Diagnostics;
using MiniRedis.Storage.Memory;
using MiniRedis.Storage.Records;

namespace MiniRedis.Storage.Caching;

/// <summary>
/// The metadata of one key, as they lie in its record: two words, and a block of the arena where these do not suffice.
/// <code>
///   word 0    | created (56 bits)                              | form (8 bits) |
///   word 1    two tag ids of 4 bytes each; or the address of the block
///   form      bits 0-1: tags in word 1 (0 to 2)    bit 6: negative    bit 7: there is a block
///   block     | stale window (8) | settled up to (8)       | cost (4) | tags (4) | ids, 4 bytes each |
///             | slide (8) | limit of the slide (8)         | cost (4) | tags (4) | ids | settled up to (8) |  if bit 5 of the form is set
/// </code>
/// Most entries of a cache have up to two tags and nothing else: these pay 16 bytes.
/// </summary>
/// <remarks>The block belongs to the record alone. Each id in a record counts in the <see cref="TagTable"/>.</remarks>
readonly unsafe struct MetadataCell(ulong* words)
{
    public const int MostInline = 2;
    const int CreatedShift = 8;
    const ulong InlineCount = 3, Negative = 64, Apart = 128, Sliding = 32;

    struct Block
    {
        public long Window;
        public long Limit;
        public uint Cost;
        public int Count;
        public const int Size = 24;
    }

    public MetadataCell(Record record)
        : this(record.Metadata)
    {
    }

    public long Created => (long)(words[0] >> CreatedShift);

    /// <summary>For how long the value may be served stale, in milliseconds; 0 for not at all.</summary>
    public long StaleWindow => (words[0] & (Apart | Sliding)) == Apart ? BlockStart->Window : 0;

    public bool IsSliding => (words[0] & Sliding) != 0;

    public bool HasBlock => (words[0] & Apart) != 0;

    /// <summary>The block's address, for whoever moves it.</summary>
    public ref byte* BlockAddress => ref ((byte**)words)[1];

    Block* BlockStart => (Block*)words[1];

    public Span<uint> Tags => HasBlock
        ? new((byte*)BlockStart + Block.Size, BlockStart->Count)
        : new(words + 1, (int)(words[0] & InlineCount));

    public CacheMetadata Read()
    {
        var metadata = new CacheMetadata { Created = Created, IsNegative = (words[0] & Negative) != 0 };
        if (!HasBlock) return metadata;
        var block = BlockStart;
        metadata = metadata with { Cost = block->Cost };
        return (words[0] & Sliding) != 0
            ? metadata with { Slide = block->Window, SlideLimit = block->Limit }
            : metadata with { StaleWindow = block->Window };
    }

    /// <summary>Writes all that there is to say; what the cell had before is not given back.</summary>
    /// <param name="arena">The record's.</param>
    /// <param name="metadata">Without the tags.</param>
    /// <param name="tags">Ids.</param>
    /// <param name="settledUpTo">See <see cref="SettledUpTo"/>.</param>
    public void Write(Arena arena, in CacheMetadata metadata, ReadOnlySpan<uint> tags, long settledUpTo = 0)
    {
        var form = (ulong)metadata.Created << CreatedShift | (metadata.IsNegative ? Negative : 0);
        if (!metadata.NeedsBlock && tags.Length <= MostInline && settledUpTo == 0)
        {
            words[0] = form | (uint)tags.Length;
            words[1] = 0;
            tags.CopyTo(new Span<uint>(words + 1, MostInline));
            return;
        }
        var size = Block.Size + tags.Length * sizeof(uint) + (metadata.IsSliding ? sizeof(long) : 0);
        var block = arena.Allocate((nuint)size);
        var apart = (Block*)block;
        apart->Window = metadata.IsSliding ? metadata.Slide : metadata.StaleWindow;
        apart->Limit = metadata.SlideLimit;
        apart->Cost = (uint)metadata.Cost;
        apart->Count = tags.Length;
        tags.CopyTo(new Span<uint>(block + Block.Size, tags.Length));
        words[0] = form | Apart | (metadata.IsSliding ? Sliding : 0);
        words[1] = (ulong)block;
        *Settled = settledUpTo;
    }

    /// <summary>
    /// Purges up to this version do not concern the key, though they came after its value and were of its tags: the soft ones are in its
    /// deadline and its stale window, and what is done to the deadline since then, by EXPIRE or PERSIST, stands; or another server has said
    /// so. 0 if there is nothing of the kind.
    /// </summary>
    public long SettledUpTo => HasBlock ? *Settled : 0;

    long* Settled => IsSliding ? (long*)((byte*)BlockStart + Block.Size + BlockStart->Count * sizeof(uint)) : &BlockStart->Limit;

    /// <summary>Shortens the stale window of a key that has one.</summary>
    public void Settle(long window, long upTo)
    {
        Debug.Assert(StaleWindow > 0);
        BlockStart->Window = window;
        BlockStart->Limit = upTo;
    }

    /// <summary>All purges of its tags concern the key from now on.</summary>
    public void Unsettle()
    {
        if (HasBlock) *Settled = 0;
    }

    /// <summary>Makes a sliding key an ordinary one.</summary>
    public void EndSliding()
    {
        BlockStart->Limit = *Settled;
        BlockStart->Window = 0;
        words[0] &= ~Sliding;
    }

    /// <summary>Takes over the content of another record's, which goes without giving anything back.</summary>
    public void TakeOver(Record other) => (words[0], words[1]) = (other.Metadata[0], other.Metadata[1]);
}
