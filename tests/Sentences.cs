namespace ActorTrain.Tests;

/// <summary>Asserts on sentences for people: what they name, not how they are worded. tests/host/messages.txt shows the wording for
/// review.</summary>
internal static class Sentences
{
    /// <summary>Fails where a sentence lacks one of the data that it must name: a file, line, option, number or command.</summary>
    /// <param name="sentence">The sentence.</param>
    /// <param name="data">The data; <c> | </c> separates several in one text, as in tables of tests.</param>
    public static void ShouldName(this string sentence, params string[] data)
    {
        foreach (var item in data.SelectMany(static text => text.Split(" | ")))
            sentence.ShouldContain(item, Case.Sensitive);
    }
}
