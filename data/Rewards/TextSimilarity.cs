namespace ActorTrain.Data.Rewards;

/// <summary>How much of a text is right, from 0 to 1.</summary>
internal static class TextSimilarity
{
    /// <summary>2·L / (n + m), with the length L of the longest common subsequence of two texts of n and m characters; 1 for two empty
    /// texts. It is 1 − d / (n + m), with the number d of characters to delete or insert (the indel distance).</summary>
    /// <remarks>Wagner and Fischer, "The String-to-String Correction Problem", 1974: n·m steps, m numbers.</remarks>
    public static double Of(string text, string answer)
    {
        if (text.Length + answer.Length == 0)
            return 1;

        // common[j]: of the characters of the text so far and the first j of the answer.
        var common = new int[answer.Length + 1];
        foreach (var character in text)
        {
            var diagonal = 0;
            for (var j = 1; j < common.Length; j++)
            {
                var above = common[j];
                common[j] = character == answer[j - 1] ? diagonal + 1 : Math.Max(above, common[j - 1]);
                diagonal = above;
            }
        }

        return 2.0 * common[^1] / (text.Length + answer.Length);
    }

    /// <summary>The share of the answer's characters that the text has right from its beginning on; of an empty answer, whether the text
    /// is empty.</summary>
    public static double PrefixOf(string text, string answer) => answer.Length == 0
        ? text.Length == 0 ? 1 : 0
        : (double)text.AsSpan().CommonPrefixLength(answer) / answer.Length;
}
