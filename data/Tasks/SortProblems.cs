namespace ActorTrain.Data.Tasks;

/// <summary>Sort digits: <c>sort 3141:</c> is <c>1134</c>.</summary>
/// <remarks>The reward gives credit for an answer that is partly right.</remarks>
internal sealed class SortProblems(ulong seed) : IProblems
{
    private readonly ShortTexts texts = new(seed, Digits);

    public const string Digits = "0123456789";

    public long Count => texts.Count;

    public string Reward => "similarity^4";

    public string Alphabet => Digits;

    public Problem this[long position] => new($"sort {texts[position]}:", string.Concat(texts[position].Order()));
}
