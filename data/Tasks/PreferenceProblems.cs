using System.Globalization;
using ActorTrain.Data.Rewards;

namespace ActorTrain.Data.Tasks;

/// <summary>Vary a word, so that a hidden score is high: a weighted sum of the similarity to the word, the share of vowels and, subtracted,
/// the number of characters.</summary>
/// <remarks>The score is a reward function: what a reward model has learned, and a policy that was trained against it, can be measured by
/// it.</remarks>
internal sealed class PreferenceProblems : IProblems
{
    private const int Longest = 12;
    private readonly ulong seed;
    private readonly ShortTexts words;
    private readonly RewardFunction score;

    public PreferenceProblems(ulong seed)
    {
        (this.seed, words) = (seed, new ShortTexts(seed, Alphabet));
        var random = new TaskRandom(seed, TaskUse.Score, 0);
        Reward = $"{Weight(1m, 3m)}*similarity + {Weight(1m, 3m)}*share(\"aeiou\") - {Weight(0.05m, 0.15m)}*characters";
        score = RewardFunction.Parse(Reward);

        string Weight(decimal least, decimal most) =>
            (least + (0.01m * random.Next((int)((most - least) * 100) + 1))).ToString("0.00", CultureInfo.InvariantCulture);
    }

    public long Count => words.Count;

    public string Reward { get; }

    public string Alphabet => ReverseProblems.Letters;

    public Problem this[long position] => new($"vary {words[position]}:", words[position]);

    public double ScoreOf(Problem problem, string completion) => score.Score(new RewardInput(
        problem.Prompt, completion, HasEnded: true, completion.Length, $$"""{"answer":"{{problem.Answer}}"}""")).Total!.Value;

    /// <summary>Completions of one prompt, no two equal: the word, with a random share of its letters replaced, doubled or left
    /// out.</summary>
    public IReadOnlyList<string> Completions(long position, int count)
    {
        var random = new TaskRandom(seed, TaskUse.Completion, position);
        var (word, found) = (words[position], new List<string>());
        while (found.Count < count)
        {
            var text = Variation(word, ref random);
            if (text.Length > 0 && !found.Contains(text))
                found.Add(text);
        }

        return found;
    }

    private string Variation(string word, ref TaskRandom random)
    {
        var (changed, text) = (random.NextUniform(), "");
        foreach (var letter in word)
        {
            var isChanged = random.NextUniform() < changed;
            text += !isChanged ? letter.ToString() : random.Next(4) switch
            {
                0 => $"{letter}{letter}",
                1 => "",
                2 => $"{"aeiou"[random.Next(5)]}",
                _ => $"{Alphabet[random.Next(Alphabet.Length)]}",
            };
        }

        return text.Length > Longest ? text[..Longest] : text;
    }
}
