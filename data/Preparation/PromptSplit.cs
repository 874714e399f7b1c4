using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ActorTrain.Data.Chats;
using ActorTrain.Models;

namespace ActorTrain.Data.Preparation;

/// <summary>Chooses the validation part of chats, pairs, rankings or prompts by what is asked and the seed alone, so that the same prompt
/// is never on both sides.</summary>
/// <remarks>What is asked are the messages ahead of the first answer, without white space around them.</remarks>
internal sealed class PromptSplit(ulong seed)
{
    private readonly RankedBytes groups = new();
    private int limit;

    /// <summary>Counts a group.</summary>
    public void Add(ChatGroup group) => groups.Add(RankOf(group), 1);

    /// <param name="fraction">The requested validation share of the groups, above 0.</param>
    /// <exception cref="UserErrorException">All groups have the same prompt.</exception>
    public void Choose(double fraction, DataKind kind)
    {
        if (groups.Total == 0)
            return;
        limit = groups.LimitFor(fraction * groups.Total, double.PositiveInfinity);
        if (limit == 0)
            throw new UserErrorException(
                $"The inputs have too few different prompts for a validation split ({Plural.Of(groups.Total, kind.Noun())}): "
                + "give more, or pass --held-out 0.");
    }

    public bool IsValidation(ChatGroup group) => limit > 0 && RankedBytes.BucketOf(RankOf(group)) < limit;

    private ulong RankOf(ChatGroup group)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var asked = group.Prompt.TakeWhile(static message => message.Role is not ChatRole.Assistant).ToList();

        // A chat that begins with the assistant is identified by all of it.
        foreach (var message in asked.Count > 0 ? asked : [.. group.Prompt, .. group.Answers.SelectMany(static answer => answer)])
        {
            hash.AppendData([(byte)message.Role]);
            hash.AppendData(Encoding.UTF8.GetBytes(message.Content.Trim()));
            hash.AppendData([0]);
        }

        return ValidationSplit.RankOf(seed, BinaryPrimitives.ReadUInt64LittleEndian(hash.GetHashAndReset()));
    }
}
