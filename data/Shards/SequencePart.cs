using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Text;
using ActorTrain.Data.Chats;
using ActorTrain.Models;

namespace ActorTrain.Data.Shards;

/// <summary>The training or validation part of prepared chats, pairs, rankings or prompts: groups of sequences over memory-mapped
/// files.</summary>
/// <remarks>Thread-safe, until the store is disposed of. Groups and sequences are in the order of the inputs.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "The store owns the mapped files and disposes of them.")]
public sealed class SequencePart
{
    private readonly string folder;
    private readonly DataKind kind;
    private readonly SequenceIndex index;
    private readonly TokenPart tokens;
    private readonly MappedFile targets;
    private readonly MappedFile? groupEnds;
    private readonly MappedFile? margins;
    private readonly MappedFile? references;
    private readonly MappedFile? referenceEnds;

    internal SequencePart(string folder, DataKind kind, TokenPart tokens, SequenceIndex index, List<MappedFile> opened)
    {
        (this.folder, this.kind, this.tokens, this.index) = (folder, kind, tokens, index);
        targets = Opened(index.Targets, sizeof(byte))!;
        groupEnds = Opened(index.GroupEnds, sizeof(long));
        margins = Opened(index.Margins, sizeof(double));
        references = Opened(index.References, sizeof(byte));
        referenceEnds = Opened(index.ReferenceEnds, sizeof(long));
        var isComplete = targets.Count == (tokens.Tokens + 7) / 8
            && (kind is DataKind.Rankings ? groupEnds?.Count == index.Groups : SizeOf(0) * index.Groups == Sequences)
            && (kind is not DataKind.Pairs || margins?.Count == index.Groups)
            && (kind is not DataKind.Prompts || referenceEnds?.Count == index.Groups);
        if (!isComplete)
            throw Altered(TokenIndex.FileName);

        MappedFile? Opened(TokenFile? file, int itemBytes)
        {
            if (file is null)
                return null;
            opened.Add(new MappedFile(folder, file, itemBytes));
            return opened[^1];
        }
    }

    /// <summary>Chats, pairs, rankings or prompts.</summary>
    public long Groups => index.Groups;

    public long Sequences => tokens.Documents;

    public long Tokens => tokens.Tokens;

    /// <summary>Of its text in UTF-8.</summary>
    public long Bytes => tokens.Bytes;

    /// <summary>The sum of <see cref="TargetsOf"/> over all sequences.</summary>
    public long Targets => index.TargetCount;

    /// <summary>Tokens of the longest sequence.</summary>
    public int Longest => index.Longest;

    /// <summary>Sequences of the largest group; 0 without groups.</summary>
    public int LargestGroup
    {
        get
        {
            var largest = 0;
            for (var group = 0L; group < Groups; group++)
                largest = Math.Max(largest, SizeOf(group));
            return largest;
        }
    }

    /// <summary>The number of sequences of a group: 1 for chats and prompts, 2 for pairs, K for rankings.</summary>
    /// <param name="group">0 … <see cref="Groups"/>−1.</param>
    public int SizeOf(long group)
    {
        RequireGroup(group);
        return kind switch
        {
            DataKind.Pairs => 2,
            DataKind.Rankings => checked((int)(GroupEnd(group) - FirstOf(group))),
            _ => 1,
        };
    }

    /// <summary>The first sequence of a group, the preferred one; the others follow in order of preference.</summary>
    public long FirstOf(long group)
    {
        RequireGroup(group);
        if (kind is not DataKind.Rankings)
            return group * (kind is DataKind.Pairs ? 2 : 1);
        var first = group == 0 ? 0 : GroupEnd(group - 1);
        return first >= 0 && first < GroupEnd(group) && GroupEnd(group) <= Sequences ? first : throw Altered(index.GroupEnds!.Name);
    }

    /// <summary>Tokens of a sequence.</summary>
    /// <param name="sequence">0 … <see cref="Sequences"/>−1.</param>
    public int LengthOf(long sequence)
    {
        var (first, end) = RangeOf(sequence);
        return (int)(end - first);
    }

    /// <summary>The number of its tokens that are targets; each has a token of the sequence ahead of it.</summary>
    public int TargetsOf(long sequence)
    {
        var (first, end) = RangeOf(sequence);
        var bits = BitsOf(first, end);
        var count = 0;
        for (var i = 0; i < bits.Length; i++)
        {
            var from = (uint)bits[i];
            if (i == 0)
                from &= 0xFFu << (int)(first % 8);
            if (i == bits.Length - 1 && end % 8 > 0)
                from &= 0xFFu >> (int)(8 - (end % 8));
            count += BitOperations.PopCount(from & 0xFF);
        }

        return count;
    }

    /// <summary>Reads a sequence.</summary>
    /// <param name="sequence">0 … <see cref="Sequences"/>−1.</param>
    /// <param name="tokens">Filled; <see cref="LengthOf"/> long.</param>
    /// <param name="isTarget">Filled, as long: whether the token there is to be predicted from those ahead of it.</param>
    /// <exception cref="UserErrorException">A file was altered: an id is outside the vocabulary, or a sequence has no end.</exception>
    public void Read(long sequence, Span<long> tokens, Span<bool> isTarget)
    {
        var (first, end) = RangeOf(sequence);
        ArgumentOutOfRangeException.ThrowIfNotEqual(tokens.Length, end - first, nameof(tokens));
        ArgumentOutOfRangeException.ThrowIfNotEqual(isTarget.Length, end - first, nameof(isTarget));
        this.tokens.Read(first, tokens);
        var bits = BitsOf(first, end);
        var skipped = (int)(first % 8);
        for (var i = 0; i < isTarget.Length; i++)
            isTarget[i] = (bits[(i + skipped) / 8] >> ((i + skipped) % 8) & 1) != 0;
    }

    /// <summary>By how much the first sequence of a pair is better; 0 where none was given, and for other kinds.</summary>
    public double MarginOf(long group)
    {
        RequireGroup(group);
        return margins is null ? 0 : margins.Items<double>(group, 1)[0];
    }

    /// <summary>The other fields of a prompt's record as a JSON object; null where there were none, and for other kinds.</summary>
    public string? ReferenceOf(long group)
    {
        RequireGroup(group);
        if (references is null || referenceEnds is null)
            return null;
        var first = group == 0 ? 0 : referenceEnds.Items<long>(group - 1, 1)[0];
        var end = referenceEnds.Items<long>(group, 1)[0];
        if (first < 0 || end < first || end > references.Count || end - first > int.MaxValue)
            throw Altered(index.ReferenceEnds!.Name);
        return end == first ? null : Encoding.UTF8.GetString(references.Items<byte>(first, (int)(end - first)));
    }

    private (long First, long End) RangeOf(long sequence)
    {
        var (first, end) = tokens.RangeOf(sequence);
        return end - first <= Longest ? (first, end) : throw Altered(TokenIndex.FileName);
    }

    private ReadOnlySpan<byte> BitsOf(long first, long end) =>
        targets.Items<byte>(first / 8, first == end ? 0 : (int)(((end - 1) / 8) - (first / 8) + 1));

    private long GroupEnd(long group) => groupEnds!.Items<long>(group, 1)[0];

    private void RequireGroup(long group)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(group);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(group, Groups);
    }

    private UserErrorException Altered(string file) => new(
        $"{Path.Combine(folder, file)} does not match the other files of the data: copy them again, or {TokenIndex.Fix}.");
}
