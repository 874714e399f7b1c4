namespace Akka;

/// <summary>The result of a task that has none.</summary>
public class Done
{
    /// <summary>The only instance.</summary>
    public static readonly Done Instance = new();

    private Done()
    {
    }
}
