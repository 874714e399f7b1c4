using System.Text;
using System.Text.RegularExpressions;

namespace ActorTrain.Data.Sources;

/// <summary>A path pattern: <c>*</c> and <c>?</c> match within a name, <c>**</c> matches any number of folders.</summary>
internal sealed class Glob
{
    private readonly Regex pattern;

    public Glob(string glob)
    {
        var fixedParts = glob.Split('/').TakeWhile(static part => part.AsSpan().IndexOfAny('*', '?') < 0).ToArray();
        var root = string.Join('/', fixedParts);
        Root = fixedParts.Length == 0 ? "." : root.Length == 0 ? "/" : root;

        // Enumerating "." gives paths that begin with "./"; the pattern gets the same form.
        var anchored = fixedParts.Length == 0 ? "./" + glob : glob;
        pattern = new Regex(Translate(anchored), RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
    }

    /// <summary>The deepest folder that contains every match.</summary>
    public string Root { get; }

    public bool Matches(string path) => pattern.IsMatch(path);

    private static string Translate(string glob)
    {
        var regex = new StringBuilder(@"\A");
        for (var i = 0; i < glob.Length;)
        {
            if (glob.AsSpan(i).StartsWith("**/", StringComparison.Ordinal))
            {
                regex.Append("(?:[^/]+/)*");
                i += 3;
            }
            else if (glob.AsSpan(i).StartsWith("**", StringComparison.Ordinal))
            {
                regex.Append(".*");
                i += 2;
            }
            else
            {
                regex.Append(glob[i] switch { '*' => "[^/]*", '?' => "[^/]", var plain => Regex.Escape(plain.ToString()) });
                i++;
            }
        }

        return regex.Append(@"\z").ToString();
    }
}
