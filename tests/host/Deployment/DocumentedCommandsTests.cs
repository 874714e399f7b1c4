using System.Text.RegularExpressions;

namespace ActorTrain.Host.Tests.Deployment;

/// <summary>Commands in runbooks, and in the guide of <c>ops/deploy</c>, are ones that the program takes.</summary>
public sealed partial class DocumentedCommandsTests
{
    public static TheoryData<string> Documents =>
        [.. Directory.GetFiles(Deployed.At("docs", "runbooks"), "*.md").Append(Deployed.At("ops", "deploy", "README.md"))
            .Select(static file => Path.GetRelativePath(Deployed.At(), file))];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Each_command_is_accepted(string document)
    {
        var text = File.ReadAllText(Deployed.At(document));
        var commands = Block().Matches(text).SelectMany(static block => Line().Matches(block.Value))
            .Concat(Inline().Matches(Block().Replace(text, "")))
            .Select(static match => match.Groups[1].Value.Trim()).ToList();
        commands.ShouldNotBeEmpty();
        foreach (var command in commands)
            Deployed.Request(command.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [GeneratedRegex(@"^```\n.*?^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    // Behind another program, too, but not as a namespace; without a comment, a redirection, or what another program does with it.
    [GeneratedRegex(@"^(?:[^#\n]*[ /])?(?<!-n )actortrain ([a-z][^#|>&\n]*)", RegexOptions.Multiline)]
    private static partial Regex Line();

    // One word alone is a name.
    [GeneratedRegex(@"`(?:\./)?actortrain ([a-z]+ [^`|]+)`")]
    private static partial Regex Inline();
}
