using System.Text;
using ActorTrain.Data.Chats;

namespace ActorTrain.Data.Preparation;

/// <summary>Groups that are encoded together on all cores; keeps their order.</summary>
internal sealed class GroupBatch
{
    private const int FullCharacters = 4 << 20;
    private const int FullGroups = 1 << 14;
    private readonly List<PlacedGroup> groups = [];
    private EncodedSequence[][] encoded = [];

    /// <summary>Bytes of all files that were read when the last group was added.</summary>
    public long BytesRead => groups[^1].BytesRead;

    /// <summary>Takes groups until it is full; false if there was none.</summary>
    public bool Fill(IEnumerator<PlacedGroup> source)
    {
        groups.Clear();
        var characters = 0L;
        while (characters < FullCharacters && groups.Count < FullGroups && source.MoveNext())
        {
            groups.Add(source.Current);
            characters += Messages(source.Current.Group).Sum(static message => (long)message.Content.Length);
        }

        return groups.Count > 0;
    }

    public void Encode(ChatEncoder encoder, bool lastOnly, CancellationToken cancellation)
    {
        encoded = new EncodedSequence[groups.Count][];
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, groups.Count, options, i =>
        {
            var group = groups[i].Group;
            encoded[i] = group.Answers.Count == 0 ? [encoder.EncodePrompt(group.Prompt)]
                : [.. group.Answers.Select(answer => encoder.Encode(group.Prompt, answer, lastOnly))];
        });
    }

    /// <summary>The groups in order: their sequences, and the bytes of their texts in UTF-8, a prompt once.</summary>
    public IEnumerable<(PlacedGroup Group, IReadOnlyList<EncodedSequence> Sequences, long TextBytes)> Encoded() =>
        groups.Zip(encoded, static (group, sequences) => (group, (IReadOnlyList<EncodedSequence>)sequences,
            Messages(group.Group).Sum(static message => (long)Encoding.UTF8.GetByteCount(message.Content))));

    public static IEnumerable<ChatMessage> Messages(ChatGroup group) =>
        group.Prompt.Concat(group.Answers.SelectMany(static answer => answer));
}
