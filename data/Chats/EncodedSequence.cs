using System.Buffers;

namespace ActorTrain.Data.Chats;

/// <summary>A sequence of token ids with a mark on each that is a target.</summary>
public sealed class EncodedSequence
{
    private readonly ArrayBufferWriter<int> ids = new();
    private readonly ArrayBufferWriter<bool> targets = new();
    private int most = int.MaxValue;

    public int Length => Math.Min(most, ids.WrittenCount);

    public ReadOnlySpan<int> Ids => ids.WrittenSpan[..Length];

    /// <summary>Of <see cref="Length"/>: whether the token at a position is to be predicted from those ahead of it. The first token is
    /// none.</summary>
    public ReadOnlySpan<bool> IsTarget => targets.WrittenSpan[..Length];

    /// <summary>Receives ids; <see cref="Mark"/> marks them.</summary>
    internal IBufferWriter<int> Writer => ids;

    /// <summary>Marks the ids that are not marked yet.</summary>
    internal void Mark(bool isTarget)
    {
        var count = ids.WrittenCount - targets.WrittenCount;
        if (count == 0)
            return;
        var isFirst = targets.WrittenCount == 0;
        var marks = targets.GetSpan(count)[..count];
        marks.Fill(isTarget);

        // Nothing stands ahead of the first token that could predict it.
        if (isFirst)
            marks[0] = false;
        targets.Advance(count);
    }

    /// <summary>Cuts off what follows the first tokens.</summary>
    internal void Shorten(int length) => most = length;
}
