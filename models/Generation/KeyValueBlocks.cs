using System.Runtime.InteropServices;
using ActorTrain.Models.Layers;
using ActorTrain.Models.Runtime;
using static ActorTrain.Models.Kernels.NativeKernels;

namespace ActorTrain.Models.Generation;

/// <summary>Keys and values of many texts, in blocks of <see cref="Size"/> positions. Texts with the same beginning share its blocks; the
/// last one, if it is not full, is copied when one of them grows (Kwon et al. 2023, section 4).</summary>
public sealed class KeyValueBlocks : IDisposable
{
    /// <summary>Positions of a block, <c>ak_kv_block</c>.</summary>
    public const int Size = 32;

    private readonly int[] references;
    private readonly Stack<int> free;
    private readonly int context;

    /// <param name="count">Blocks; memory is taken when they are written.</param>
    public KeyValueBlocks(ModelOptions shape, Precision precision, int count)
    {
        references = new int[count];
        free = new Stack<int>(Enumerable.Range(0, count).Reverse());
        context = shape.ContextLength;
        Native = ak_kv_new(shape.Layers, count, shape.KeyValueHeads, shape.HeadWidth, new Activations(precision).Code);
        if (Native == 0)
            throw FusedKernels.Failure();
    }

    ~KeyValueBlocks() => FreeNative();

    /// <summary>Blocks that no text has.</summary>
    public int Free => free.Count;

    internal nint Native { get; private set; }

    /// <summary>The blocks of a text of that many tokens.</summary>
    public static int Of(long tokens) => (int)((tokens + Size - 1) / Size);

    public KeyValueSlot NewSlot() => new(this, context);

    public void Dispose()
    {
        FreeNative();
        GC.SuppressFinalize(this);
    }

    /// <summary>Takes a block that is free.</summary>
    internal int Take()
    {
        var block = free.Pop();
        references[block] = 1;
        return block;
    }

    internal void Share(int block) => references[block]++;

    /// <summary>The copies that are made of a block when some of the texts that have it grow: if all do, the last one keeps it.</summary>
    internal int CopiesFor(int block, int growing) => growing == references[block] ? growing - 1 : growing;

    internal bool IsShared(int block) => references[block] > 1;

    internal void Release(int block)
    {
        if (--references[block] == 0)
            free.Push(block);
    }

    /// <summary>Gives up a shared block for a copy.</summary>
    internal int Copy(int block)
    {
        var copy = Take();
        FusedKernels.Check(ak_kv_copy_block(Native, block, copy));
        Release(block);
        return copy;
    }

    private void FreeNative()
    {
        if (Native != 0)
            ak_kv_free(Native);
        Native = 0;
    }
}

/// <summary>The cached part of one text.</summary>
public sealed class KeyValueSlot : IDisposable
{
    private readonly KeyValueBlocks owner;
    private readonly int capacity;
    private readonly int[] blocks;
    private bool isReleased;

    /// <param name="capacity">Most tokens.</param>
    internal KeyValueSlot(KeyValueBlocks owner, int capacity)
    {
        this.owner = owner;
        this.capacity = capacity;
        blocks = GC.AllocateArray<int>(KeyValueBlocks.Of(capacity), pinned: true);
    }

    /// <summary>Tokens.</summary>
    public int Length { get; private set; }

    internal nint Blocks => Marshal.UnsafeAddrOfPinnedArrayElement(blocks, 0);

    internal int BlockCount => KeyValueBlocks.Of(Length);

    /// <summary>Another text that begins as this one.</summary>
    public KeyValueSlot Fork()
    {
        ObjectDisposedException.ThrowIf(isReleased, this);
        var fork = new KeyValueSlot(owner, capacity) { Length = Length };
        blocks.CopyTo(fork.blocks, 0);
        foreach (var block in blocks.AsSpan(0, BlockCount))
            owner.Share(block);
        return fork;
    }

    /// <summary>Gives the blocks back.</summary>
    public void Dispose()
    {
        if (isReleased)
            return;
        isReleased = true;
        foreach (var block in blocks.AsSpan(0, BlockCount))
            owner.Release(block);
    }

    /// <summary>The block that the next token goes into; null if it begins one.</summary>
    internal int? Unfilled => Length % KeyValueBlocks.Size == 0 ? null : blocks[BlockCount - 1];

    /// <summary>The free blocks that <see cref="Grow"/> needs, besides a copy of <see cref="Unfilled"/>.</summary>
    /// <exception cref="ArgumentException">The text would be longer than the context.</exception>
    internal int BlocksToGrow(int tokens)
    {
        ObjectDisposedException.ThrowIf(isReleased, this);
        if (Length + tokens > capacity)
            throw new ArgumentException($"{Length + tokens} tokens exceed the model's context of {capacity}.", nameof(tokens));
        return KeyValueBlocks.Of(Length + tokens) - BlockCount;
    }

    /// <summary>Makes room for more tokens, in blocks that no other text has.</summary>
    internal void Grow(int tokens)
    {
        if (Unfilled is { } shared && owner.IsShared(shared))
            blocks[BlockCount - 1] = owner.Copy(blocks[BlockCount - 1]);
        for (var i = BlockCount; i < KeyValueBlocks.Of(Length + tokens); i++)
            blocks[i] = owner.Take();
        Length += tokens;
    }
}
