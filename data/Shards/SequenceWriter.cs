using System.Runtime.InteropServices;
using System.Text;
using ActorTrain.Data.Chats;

namespace ActorTrain.Data.Shards;

/// <summary>Writes one part of prepared chats, pairs, rankings or prompts: tokens as <see cref="PartWriter"/> does, which of them are
/// targets, and what belongs to each group.</summary>
internal sealed class SequenceWriter : IDisposable
{
    private readonly DataKind kind;
    private readonly PartWriter tokens;
    private readonly BitWriter targets;
    private readonly ItemWriter groupEnds;
    private readonly ItemWriter margins;
    private readonly ItemWriter references;
    private readonly ItemWriter referenceEnds;
    private long groups;
    private long sequences;
    private long referenceBytes;
    private long targetCount;
    private int longest;

    public SequenceWriter(string folder, string name, DataKind kind, int vocabularySize, int endOfText, long shardTokens)
    {
        this.kind = kind;
        tokens = new PartWriter(folder, name, vocabularySize, endOfText, shardTokens);
        targets = new BitWriter(folder, $"{name}-targets.bin");
        groupEnds = new ItemWriter(folder, $"{name}-groups.bin");
        margins = new ItemWriter(folder, $"{name}-margins.bin");
        references = new ItemWriter(folder, $"{name}-references.bin");
        referenceEnds = new ItemWriter(folder, $"{name}-reference-ends.bin");
    }

    /// <summary>Appends a group.</summary>
    /// <param name="group">Its sequences, best first.</param>
    /// <param name="textBytes">Length of its text in UTF-8.</param>
    public void Append(IReadOnlyList<EncodedSequence> group, long textBytes, double margin, string? reference)
    {
        foreach (var sequence in group)
        {
            tokens.AppendSequence(sequence.Ids);
            targets.Append(sequence.IsTarget);
            targetCount += sequence.IsTarget.Count(true);
            longest = Math.Max(longest, sequence.Length);
        }

        tokens.CountText(textBytes);
        groups++;
        sequences += group.Count;
        if (kind is DataKind.Rankings)
            groupEnds.Append(sequences);
        if (kind is DataKind.Pairs)
            margins.Append(margin);
        if (kind is not DataKind.Prompts)
            return;
        var bytes = Encoding.UTF8.GetBytes(reference ?? "");
        references.Append(bytes.AsSpan());
        referenceBytes += bytes.Length;
        referenceEnds.Append(referenceBytes);
    }

    /// <summary>Syncs all files; null if nothing was appended.</summary>
    public PartIndex? Finish() => tokens.Finish() is not { } part ? null : part with
    {
        Sequences = new SequenceIndex(groups, targetCount, longest, targets.Finish(), groupEnds.Finish(), margins.Finish(),
            references.Finish(), referenceEnds.Finish()),
    };

    public void Dispose()
    {
        tokens.Dispose();
        targets.Dispose();
        foreach (var writer in new[] { groupEnds, margins, references, referenceEnds })
            writer.Dispose();
    }

    /// <summary>A file of items that is created with the first of them.</summary>
    private sealed class ItemWriter(string folder, string name) : IDisposable
    {
        private const int FullBytes = 1 << 20;
        private readonly List<byte> buffer = [];
        private HashedFile? file;
        private int buffered;

        public void Append<T>(T item)
            where T : unmanaged => Append<T>([item]);

        public void Append<T>(ReadOnlySpan<T> items)
            where T : unmanaged
        {
            if (items.IsEmpty)
                return;
            buffer.AddRange(MemoryMarshal.AsBytes(items));
            buffered += items.Length;
            if (buffer.Count >= FullBytes)
                Flush();
        }

        /// <summary>Null if there was no item.</summary>
        public TokenFile? Finish()
        {
            if (buffered > 0)
                Flush();
            return file?.Finish();
        }

        public void Dispose() => file?.Dispose();

        private void Flush()
        {
            file ??= new HashedFile(folder, name);
            file.Append(CollectionsMarshal.AsSpan(buffer), buffered);
            buffer.Clear();
            buffered = 0;
        }
    }

    /// <summary>A file with a bit per token, the lowest of each byte first.</summary>
    private sealed class BitWriter(string folder, string name) : IDisposable
    {
        private readonly ItemWriter bytes = new(folder, name);
        private byte pending;
        private int pendingBits;

        public void Append(ReadOnlySpan<bool> bits)
        {
            foreach (var bit in bits)
            {
                pending |= (byte)(bit ? 1 << pendingBits : 0);
                if (++pendingBits < 8)
                    continue;
                bytes.Append(pending);
                (pending, pendingBits) = (0, 0);
            }
        }

        public TokenFile Finish()
        {
            if (pendingBits > 0)
                bytes.Append(pending);
            return bytes.Finish()!;
        }

        public void Dispose() => bytes.Dispose();
    }
}
