namespace MiniRedis.Storage.Expiry;

/// <summary>How a search for an expired key ended.</summary>
public enum DueSearch
{
    /// <summary>No key is due.</summary>
    NoneDue,

    /// <summary>A key is due; delete it, then search again.</summary>
    Found,

    /// <summary>Fields of the hash at a key may be due; delete those that are, then search again.</summary>
    FieldsDue,

    /// <summary>The search has used up the work of one call; call again, now or later.</summary>
    BudgetUsed,
}
