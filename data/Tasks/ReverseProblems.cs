namespace ActorTrain.Data.Tasks;

/// <summary>Reverse a word: <c>reverse wolf:</c> is <c>flow</c>.</summary>
internal sealed class ReverseProblems(ulong seed) : IProblems
{
    private readonly ShortTexts words = new(seed, Letters);

    public const string Letters = "abcdefghijklmnopqrstuvwxyz";

    public long Count => words.Count;

    public string Reward => "exact";

    public string Alphabet => Letters;

    public Problem this[long position] => new($"reverse {words[position]}:", string.Concat(words[position].Reverse()));
}
